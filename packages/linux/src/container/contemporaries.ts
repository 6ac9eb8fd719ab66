import { askProgram } from './ask-program.ts';
import { TELLING_ENGINES, type TellingEngine } from './container-engine.ts';

/** A container under a profile that somebody gave it, and when it ran, in milliseconds since 1970. */
export interface Contemporary {
  /** Such as docker:web. */
  readonly title: string;
  readonly from: number;
  /** Undefined while it runs. */
  readonly to?: number;
}

const FIELDS = [
  '.Name',
  '.State.StartedAt',
  '.State.FinishedAt',
  '.State.Running',
  '.HostConfig.SecurityOpt',
];
const TEMPLATE = `[${FIELDS.map((field) => `{{json ${field}}}`).join(',')}]`;

/** The containers beside one, alive or dead, that have a profile of their own, as Docker and Podman tell. */
export async function contemporariesOf(id: string): Promise<readonly Contemporary[]> {
  const all = await Promise.all(TELLING_ENGINES.map((engine) => profiledBy(engine, id)));
  return all.flat();
}

async function profiledBy(engine: TellingEngine, but: string): Promise<Contemporary[]> {
  const listed = await askProgram(engine, ['ps', '--all', '--quiet', '--no-trunc']);
  const ids = (listed?.stdout ?? '').split('\n').filter((id) => /^[0-9a-f]{64}$/.test(id) && id !== but);
  if (ids.length === 0) return [];
  const args = ['inspect', '--type', 'container', '--format', TEMPLATE, '--', ...ids];
  const said = await askProgram(engine, args);
  return (said?.stdout ?? '').split('\n').flatMap((line) => contemporaryIn(engine, line) ?? []);
}

function contemporaryIn(engine: TellingEngine, line: string): Contemporary | undefined {
  const [name, started, finished, isRunning, options] = arrayIn(line);
  const isProfiled =
    Array.isArray(options) &&
    options.some((option) => /^seccomp[:=](?!unconfined$|builtin$)/.test(String(option)));
  const [from, to] = [started, finished].map((at) => Date.parse(String(at)));
  if (typeof name !== 'string' || !isProfiled || !(from > 0)) return undefined;
  const title = `${engine}:${name.replace(/^\//, '')}`;
  return { title, from, ...(isRunning !== true && to > 0 && { to }) };
}

function arrayIn(line: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(line);
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}
