import { constants, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readSmallFile } from '../files/read-file.ts';
import { isAlive, startTimeOf } from '../process/processes.ts';
import type { ContainerState, KnownContainer } from './container-engine.ts';

/** A container that runc or crun has written down. */
export interface StatedContainer {
  readonly id: string;
  readonly runtime: 'runc' | 'crun';
  readonly state: ContainerState;
  readonly pid?: number;
  /** The folder with its config.json. */
  readonly bundle?: string;
}

/** A state holds the whole configuration, with a profile. */
const MOST_BYTES = 1024 * 1024;
/** More containers than a machine runs. */
const MOST_CONTAINERS = 10_000;

/** The names in a folder; none where it is none. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).slice(0, MOST_CONTAINERS);
  } catch {
    return [];
  }
}

/** Whether there is a folder, or perhaps one, that this user may not look into. */
export function isHidden(folder: string): boolean {
  try {
    readdirSync(folder);
    return false;
  } catch (fault) {
    return (fault as NodeJS.ErrnoException).code === 'EACCES';
  }
}

/** A file of JSON with an object in it; undefined for everything else. No link is followed. */
export function objectIn(file: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const text = readSmallFile(file, MOST_BYTES, constants.O_NOFOLLOW)?.toString();
    return text === undefined ? undefined : objectOf(JSON.parse(text));
  } catch {
    return undefined;
  }
}

export function objectOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;
}

/** Where a runtime keeps its containers: root's, and of each user. */
export function runtimeRoots(runtime: 'runc' | 'crun'): string[] {
  return [`/run/${runtime}`, ...namesIn('/run/user').map((user) => `/run/user/${user}/${runtime}`)];
}

/** The containers of a folder in which runc or crun keeps one a folder. Those whose state is not whole are left out. */
export function statedContainers(root: string): StatedContainer[] {
  return namesIn(root).flatMap((id) => statedContainer(root, id) ?? []);
}

/** One of them, as the runtime has written it down; undefined before that, and after its end. */
export function statedContainer(root: string, id: string): StatedContainer | undefined {
  if (id === '.' || id === '..' || id.includes('/')) return undefined;
  const folder = join(root, id);
  const names = namesIn(folder);
  const isCreated = names.includes('exec.fifo');
  if (names.includes('state.json')) return runcContainer(id, objectIn(join(folder, 'state.json')), isCreated);
  if (names.includes('status')) return crunContainer(id, objectIn(join(folder, 'status')), isCreated);
  return undefined;
}

type State = Readonly<Record<string, unknown>> | undefined;

/** libcontainer's state.go. */
function runcContainer(id: string, state: State, isCreated: boolean): StatedContainer | undefined {
  if (!state) return undefined;
  const { init_process_pid: pid, init_process_start: start } = state;
  const labels = objectOf(state.config)?.labels;
  const bundle = (Array.isArray(labels) ? labels : []).find(
    (label): label is string => typeof label === 'string' && label.startsWith('bundle='),
  );
  return {
    id,
    runtime: 'runc',
    ...lifeOf(pid, start, isCreated),
    ...(bundle !== undefined && { bundle: bundle.slice('bundle='.length) }),
  };
}

/** libcrun's status.c. */
function crunContainer(id: string, state: State, isCreated: boolean): StatedContainer | undefined {
  if (!state) return undefined;
  const { pid, 'process-start-time': start, bundle } = state;
  return {
    id,
    runtime: 'crun',
    ...lifeOf(pid, start, isCreated),
    ...(typeof bundle === 'string' && { bundle }),
  };
}

/** The number of a process may be another one's by now, which started at another time. */
function lifeOf(pid: unknown, start: unknown, isCreated: boolean): Pick<KnownContainer, 'state' | 'pid'> {
  if (typeof pid !== 'number' || !Number.isInteger(pid) || pid <= 0 || !isAlive(pid))
    return { state: 'stopped' };
  if (typeof start === 'number' && start > 0 && startTimeOf(pid) !== String(start))
    return { state: 'stopped' };
  return { state: isCreated ? 'created' : 'running', pid };
}
