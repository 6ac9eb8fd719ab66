import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where runc and crun keep the state of containers that containerd starts: a folder a namespace, in it one a container. */
const STATE = '/run/containerd/runc';
const REFERENCE = /^(?:containerd:)?(\w[\w.-]*)$/;
/** An id that is not said to its end, as `crictl ps` shows it. */
const SHORT_ID = /^[0-9a-f]{12,63}$/;

/** A container of containerd. */
export interface ContainerdTask {
  readonly id: string;
  /** Its first process, while that is there. */
  readonly pid?: number;
  /** The number that its first process has, or had. */
  readonly init: number;
}

/** The container of containerd that a reference names, from its creation until it is deleted. Reads no more than its own state. */
export function containerdTask(reference: string): ContainerdTask | undefined {
  const id = REFERENCE.exec(reference)?.[1];
  if (id === undefined || !existsSync(STATE)) return undefined;
  const folders = readdirSync(STATE).map((namespace) => join(STATE, namespace));
  const known = folders.flatMap((folder) => containersIn(folder, id));
  // Part of an id that two containers have means neither.
  const meant = known.find((container) => container.id === id) ?? (known.length === 1 ? known[0] : undefined);
  if (!meant) return undefined;
  const { pid } = meant;
  return { id: meant.id, init: pid, ...(existsSync(`/proc/${pid}`) && { pid }) };
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
