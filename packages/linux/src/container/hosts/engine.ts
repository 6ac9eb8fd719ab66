import { ownName } from '../../leavings/own-name.ts';
import {
  type CommandEnd,
  type ContainerHost,
  type ContainerPlan,
  ContainerRefused,
  type StartedContainer,
} from '../container-host.ts';
import { lastWords, runClient } from './client.ts';
import { type ProfileFile, profileFile } from './profile-file.ts';
import { givenOptions } from './run-options.ts';

/** An engine with Docker's command line. */
export interface EngineClient {
  readonly name: 'docker' | 'podman';
  /** Options before every verb. */
  readonly global: readonly string[];
  /** Options of every `run`, before those that somebody gave. */
  readonly run: readonly string[];
}

/** By this label callgate's containers are found when their names were changed. */
const OWNER_LABEL = 'callgate.owner';
/** A field of the engine's information; it is there when the engine answers. */
const SAYS_LITTLE = { docker: '{{.ServerVersion}}', podman: '{{.Host.OS}}' };
const PROBE_TIME_LIMIT_MS = 20_000;
/** Of a log that takes longer to read, the beginning counts. */
const LOG_TIME_LIMIT_MS = 20_000;
const STOP_TIME_LIMIT_MS = 60_000;

/** Docker or Podman, by its client; `clientFor` is asked when a container is started, and not before. */
export function engineHost(name: EngineClient['name'], clientFor: () => EngineClient): ContainerHost {
  return {
    name,
    async unavailable() {
      const format = ['--format', SAYS_LITTLE[name]];
      const end = await runClient([name, 'info', ...format], { timeLimitMs: PROBE_TIME_LIMIT_MS });
      if (end.status === 0) return undefined;
      return end.status === 127 ? `${name} is not installed` : `${name} does not answer: ${lastWords(end)}`;
    },
    start: (plan) => startContainer(clientFor(), plan),
  };
}

async function startContainer(client: EngineClient, plan: ContainerPlan): Promise<StartedContainer> {
  if (plan.image === undefined) throw new ContainerRefused(`${client.name} needs an image`);
  if (plan.image === '' || plan.image.startsWith('-'))
    throw new ContainerRefused(`${JSON.stringify(plan.image)} is no image`);
  const name = ownName('container');
  const given = givenOptions(plan.options);
  const profile = plan.seccomp.kind === 'profile' ? profileFile(plan.seccomp.text) : undefined;
  const container = startedContainer(client, name, profile);
  try {
    const end = await runClient(
      [
        client.name,
        ...client.global,
        ...['run', '--detach', ...client.run, ...given],
        ...ownOptions(name, plan, profile),
        plan.image,
        ...plan.command,
      ],
      { leavesProcesses: true },
    );
    if (end.status !== 0) throw new ContainerRefused(lastWords(end));
    return { ...container, id: end.stdout.toString('utf8').trim().split('\n').at(-1)! };
  } catch (fault) {
    await container.remove();
    throw fault;
  }
}

function ownOptions(name: string, plan: ContainerPlan, profile: ProfileFile | undefined): string[] {
  const seccomp = plan.seccomp.kind === 'unconfined' ? 'unconfined' : profile?.path;
  return [
    ...['--name', name, '--label', `${OWNER_LABEL}=${name}`],
    ...(seccomp === undefined ? [] : ['--security-opt', `seccomp=${seccomp}`]),
    ...Object.entries(plan.files).flatMap(([inside, here]) => [
      '--mount',
      `type=bind,source=${here},target=${inside},readonly`,
    ]),
    ...(plan.entrypoint === undefined ? [] : ['--entrypoint', plan.entrypoint]),
  ];
}

function startedContainer(
  client: EngineClient,
  name: string,
  profile: ProfileFile | undefined,
): StartedContainer {
  const ask = (args: readonly string[], timeLimitMs?: number): Promise<CommandEnd> =>
    runClient([client.name, ...client.global, ...args], { timeLimitMs });
  const output = async () => {
    const { stdout, stderr } = await ask(['logs', name], LOG_TIME_LIMIT_MS);
    return { stdout, stderr };
  };
  return {
    id: name,
    async pid() {
      const end = await ask(['inspect', '--type', 'container', '--format', '{{.State.Pid}}', name]);
      const pid = Number(end.stdout.toString('latin1').trim());
      return end.status === 0 && Number.isInteger(pid) && pid > 0 ? pid : undefined;
    },
    exec: (command, timeLimitMs) => ask(['exec', name, ...command], timeLimitMs),
    async ended(timeLimitMs) {
      const end = await ask(['wait', name], timeLimitMs);
      if (end.isCut) return undefined;
      if (end.status !== 0) throw new Error(`${client.name} wait: ${lastWords(end)}`);
      return { status: Number(end.stdout.toString('latin1').trim()), ...(await output()) };
    },
    output,
    async stop() {
      await ask(['stop', name], STOP_TIME_LIMIT_MS);
    },
    async remove() {
      // Podman would wait until it ends by itself.
      if (client.name === 'podman') await ask(['kill', name], STOP_TIME_LIMIT_MS);
      await ask(['rm', '--force', '--volumes', name], STOP_TIME_LIMIT_MS);
      profile?.remove();
    },
  };
}
