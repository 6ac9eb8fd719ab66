import { askProgram, faultIn, type Said } from './ask-program.ts';
import {
  type ContainerEngine,
  type ContainerState,
  EngineFault,
  type EngineName,
  type KnownContainer,
  NoSuchContainer,
} from './container-engine.ts';

/** How the command line of Docker or Podman is asked. */
export interface EngineClient {
  readonly name: Extract<EngineName, 'docker' | 'podman'>;
  /** Where `inspect` has the id, the image's name and the runtime. */
  readonly id: string;
  readonly image: string;
  readonly runtime: string;
  /** The template of `version` for the release of what starts containers. */
  readonly version: string;
  /** What it says when the engine does not run, which is no error. */
  readonly absent: RegExp;
}

/** An engine whose command line tells all about its containers in two calls. */
export function clientEngine(client: EngineClient): ContainerEngine {
  const { name } = client;
  const ask = async (...args: string[]) => {
    const said = await askProgram(name, args);
    return said && client.absent.test(said.stderr.slice(0, 4096)) ? undefined : said;
  };
  const inspect = async (ids: readonly string[]) => {
    const said = await ask('inspect', '--type', 'container', '--format', templateOf(client), '--', ...ids);
    return { said, containers: containersIn(name, said?.stdout ?? '') };
  };
  return {
    name,
    async list() {
      const all = await ask('ps', '--all', '--quiet', '--no-trunc');
      if (!all) return [];
      if (all.status !== 0) throw unanswered(name, all);
      const ids = all.stdout.split('\n').filter((id) => /^[0-9a-f]{64}$/.test(id));
      if (ids.length === 0) return [];
      const { said, containers } = await inspect(ids);
      // A container may have gone since then, which `inspect` calls an error.
      if (said && said.status !== 0 && (said.cut || containers.length === 0) && !isGone(said))
        throw unanswered(name, said);
      return containers;
    },
    async find(reference) {
      // No program can be given a zero byte.
      if (reference === '' || reference.includes('\0')) return undefined;
      const { said, containers } = await inspect([reference]);
      if (!said) throw new NoSuchContainer(`${name} is not installed, or does not run`);
      if (containers.length === 0 && !isGone(said)) throw new NoSuchContainer(unanswered(name, said).message);
      return containers[0];
    },
    async release() {
      const said = await ask('version', '--format', client.version);
      return /^\d+(?:\.\d+)*/.exec(said?.stdout.trim() ?? '')?.[0];
    },
  };
}

function templateOf({ id, image, runtime }: EngineClient): string {
  const fields = [id, '.Name', '.State.Status', '.State.Pid', image];
  const host = ['.HostConfig.Privileged', '.HostConfig.SecurityOpt', runtime];
  return `[${[...fields, ...host].map((field) => `{{json ${field}}}`).join(',')}]`;
}

/** A line each; what is not as it must be is left out. */
function containersIn(engine: EngineClient['name'], lines: string): KnownContainer[] {
  return lines.split('\n').flatMap((line) => {
    try {
      const container = containerOf(engine, JSON.parse(line));
      return container ? [container] : [];
    } catch {
      return [];
    }
  });
}

const STATES: Readonly<Record<string, ContainerState>> = {
  running: 'running',
  restarting: 'running',
  paused: 'paused',
  created: 'created',
  configured: 'created',
  initialized: 'created',
};

function containerOf(engine: EngineClient['name'], fields: unknown): KnownContainer | undefined {
  if (!Array.isArray(fields)) return undefined;
  const [id, name, state, pid, image, privileged, options, runtime] = fields;
  if (typeof id !== 'string' || typeof name !== 'string') return undefined;
  const started = /(?:^|\/)(runc|crun)$/.exec(typeof runtime === 'string' ? runtime : '')?.[1];
  return {
    engine,
    id,
    name: name.replace(/^\//, ''),
    aliases: [],
    state: STATES[state] ?? 'stopped',
    ...(Number.isInteger(pid) && pid > 0 && { pid }),
    ...(typeof image === 'string' && { image }),
    ...(typeof privileged === 'boolean' && { privileged }),
    ...seccompOf(options),
    ...((started === 'runc' || started === 'crun') && { runtime: started }),
  };
}

/** Docker keeps the text of a profile, Podman its path. */
function seccompOf(options: unknown): Pick<KnownContainer, 'seccomp' | 'given'> {
  const all = Array.isArray(options) ? options.filter((o): o is string => typeof o === 'string') : [];
  const said = all.findLast((option) => /^seccomp[=:]/.test(option))?.slice('seccomp='.length);
  if (said === undefined || said === 'builtin') return {};
  return said.trimStart().startsWith('{') ? { seccomp: 'a profile', given: said } : { seccomp: said };
}

function isGone({ stderr }: Said): boolean {
  return /no such (?:container|object)/i.test(stderr);
}

function unanswered(name: string, said: Said): EngineFault {
  return new EngineFault(`${name} does not answer: ${faultIn(said)}`);
}
