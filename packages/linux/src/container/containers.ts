import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CAPABILITIES } from '@callgate/engine/internal/profile/capabilities';
import { processStatus } from '../process/processes.ts';

/** The engines whose command line tells a container's process. */
export const ENGINES = ['docker', 'podman'] as const;
export type Engine = (typeof ENGINES)[number];

/** A container cannot be found, or does not run. */
export class NoSuchContainer extends Error {}

const TIME_LIMIT_MS = 20_000;
const REFERENCE = /^(?:(docker|podman|containerd):)?(.+)$/;

/** A container that an engine knows. */
export interface Container {
  /** Whole, 64 hexadecimal digits. */
  readonly id: string;
  /** Its first process, on this machine; undefined unless it runs. */
  readonly pid?: number;
}

/**
 * The container of that name or id, of the engine named before it ("docker:web"), or of whichever knows it: Docker, Podman, or
 * containerd by the state that its runtime keeps. Undefined when nobody does.
 */
export async function findContainer(reference: string): Promise<Container | undefined> {
  const [, engine, name] = REFERENCE.exec(reference) ?? [];
  if (!name || name.startsWith('-')) throw new NoSuchContainer(`"${reference}" is no container's name`);
  const state = containerdContainer(reference);
  if (state || engine === 'containerd') return state;
  for (const e of ENGINES.filter((one) => engine === undefined || one === engine)) {
    const said = await inspect(e, name, '{{.Id}} {{.State.Pid}}').catch(() => undefined);
    const [id, pid] = said?.split(' ') ?? [];
    if (id) return { id, ...(Number(pid) > 0 && { pid: Number(pid) }) };
  }
  return undefined;
}

/** Where runc and crun keep the state of containers that containerd starts: a folder a namespace, in it one a container. */
const CONTAINERD_STATE = '/run/containerd/runc';
/** An id that is not said to its end, as `crictl ps` shows it. */
const SHORT_ID = /^[0-9a-f]{12,63}$/;

/** The container of containerd that a reference names, from its creation until it is deleted. Asks nobody, so it is quick. */
export function containerdContainer(reference: string): Container | undefined {
  const [, engine = 'containerd', id] = REFERENCE.exec(reference) ?? [];
  if (engine !== 'containerd' || !/^\w[\w.-]*$/.test(id ?? '') || !existsSync(CONTAINERD_STATE))
    return undefined;
  const folders = readdirSync(CONTAINERD_STATE).map((namespace) => join(CONTAINERD_STATE, namespace));
  const known = folders.flatMap((folder) => containersIn(folder, id));
  // Part of an id that two containers have means neither.
  const meant = known.find((container) => container.id === id) ?? (known.length === 1 ? known[0] : undefined);
  if (!meant) return undefined;
  const { pid } = meant;
  return { id: meant.id, ...(existsSync(`/proc/${pid}`) && { pid }) };
}

/** The containers of a namespace that an id may mean. */
function containersIn(namespace: string, id: string): { readonly id: string; readonly pid: number }[] {
  const ids = SHORT_ID.test(id) ? readdirSync(namespace).filter((whole) => whole.startsWith(id)) : [id];
  return ids.flatMap((whole) => {
    const pid = statedProcess(join(namespace, whole));
    return pid === undefined ? [] : [{ id: whole, pid }];
  });
}

/** A container's first process, as its runtime has written it down; undefined before that, and after the end. */
function statedProcess(folder: string): number | undefined {
  const read = (file: string) => JSON.parse(readFileSync(join(folder, file), 'utf8'));
  const ways = [() => read('state.json').init_process_pid, () => read('status').pid];
  for (const way of ways)
    try {
      const pid = way();
      if (Number.isInteger(pid)) return pid;
    } catch {
      // Another runtime's, or not written yet.
    }
  return undefined;
}

/** The pid, on this machine, of a running container's first process. */
export async function containerPid(engine: Engine, name: string): Promise<number> {
  if (name.startsWith('-') || name === '') throw new NoSuchContainer(`"${name}" is no container's name`);
  const pid = Number(await inspect(engine, name, '{{.State.Pid}}'));
  if (Number.isInteger(pid) && pid > 0) return pid;
  throw new NoSuchContainer(`the container ${name} of ${engine} does not run`);
}

/** The capabilities that a container's processes can have, as CAP_* names. */
export function containerCapabilities(pid: number): string[] {
  const { boundingCapabilities } = processStatus(pid);
  return CAPABILITIES.filter((_, bit) => ((boundingCapabilities >> BigInt(bit)) & 1n) === 1n);
}

async function inspect(engine: Engine, name: string, format: string): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(
      engine,
      ['inspect', '--type', 'container', '--format', format, name],
      { timeout: TIME_LIMIT_MS },
    );
    return stdout.trim();
  } catch (fault) {
    const { code, stderr } = fault as NodeJS.ErrnoException & { stderr?: string };
    if (code === 'ENOENT') throw new NoSuchContainer(`${engine} is not installed`);
    const said = stderr?.trim().split('\n').at(-1);
    throw new NoSuchContainer(`${engine} knows no container ${name}${said ? `: ${said}` : ''}`);
  }
}
