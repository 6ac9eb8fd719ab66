import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { type Capability, capabilitiesIn } from '@callgate/engine/internal/profile/capabilities';

/** What /proc tells of processes. Of one that is gone every answer is undefined or empty. */

/** All processes that can be seen. */
export function processes(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** A process and all its descendants. */
export function treeOf(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const pid of processes()) {
    const parent = parentOf(pid);
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const tree = [root];
  for (const pid of tree) tree.push(...(children.get(pid) ?? []));
  return tree;
}

/** Its children alone; empty too where the kernel lacks CONFIG_PROC_CHILDREN. */
export function childrenOf(pid: number): number[] {
  return (textOf(`/proc/${pid}/task/${pid}/children`) ?? '').split(' ').filter(Boolean).map(Number);
}

export function threadsOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number);
  } catch {
    return [];
  }
}

/** Its name, as it gave it to itself. */
export function commOf(pid: number): string | undefined {
  return textOf(`/proc/${pid}/comm`, 'utf8')?.trimEnd();
}

export function commandLineOf(pid: number): string[] {
  return (textOf(`/proc/${pid}/cmdline`, 'utf8') ?? '').split('\0').filter(Boolean);
}

/** The number of the call that a thread waits in. */
export function callInProgress(tid: number): number | undefined {
  const nr = Number.parseInt(textOf(`/proc/${tid}/syscall`) ?? '', 10);
  return nr >= 0 ? nr : undefined;
}

export function parentOf(pid: number): number | undefined {
  const parent = statOf(pid)?.[1];
  return parent === undefined ? undefined : Number(parent);
}

/** Whether there is such a process or thread, and it has not ended: what nobody waited for yet is not alive. */
export function isAlive(pid: number): boolean {
  const state = statOf(pid)?.[0];
  return state !== undefined && state !== 'Z' && state !== 'X';
}

/** When a process or thread started, in clock ticks since boot. */
export function startTimeOf(pid: number): string | undefined {
  return statOf(pid)?.[19];
}

/** The process that a thread belongs to; a process's first thread has its number. */
export function processOf(tid: number): number | undefined {
  const tgid = statusField(tid, 'Tgid');
  return tgid === undefined ? undefined : Number(tgid);
}

/** Whether it is a process, not one of its other threads, and alive. */
export function isProcess(pid: number): boolean {
  return processOf(pid) === pid && isAlive(pid);
}

/** The number that a process has in the innermost of its pid namespaces. */
export function innermostPidOf(pid: number): number | undefined {
  const numbers = /^NSpid:\s*(.*)$/m.exec(textOf(`/proc/${pid}/status`) ?? '')?.[1].split(/\s+/);
  return numbers && Number(numbers.at(-1));
}

/** The file that it executes, as /proc/PID/exe names it; undefined too when this user may not look. */
export function executableOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch {
    return undefined;
  }
}

/** Who traces it; 0 for nobody. */
export function tracerOf(pid: number): number | undefined {
  const tracer = statusField(pid, 'TracerPid');
  return tracer === undefined ? undefined : Number(tracer);
}

/** Fields of /proc/PID/status that say how a process is confined. */
export interface ProcessStatus {
  /** The letter of proc_pid_status(5): R, S, D, …; Z for what has ended and nobody waited for yet. */
  readonly state: string;
  /** 0 none, 1 strict, 2 filter. */
  readonly seccomp: number;
  readonly filters: number;
  readonly noNewPrivs: boolean;
  readonly effectiveCapabilities: bigint;
  /** What the process and its children can have at most. */
  readonly boundingCapabilities: bigint;
}

/** How a process is confined; throws when there is no such process. */
export function processStatus(pid: number | 'self'): ProcessStatus {
  const text = readFileSync(`/proc/${pid}/status`, 'latin1');
  const field = (name: string) => fieldIn(text, name) ?? '0';
  return {
    state: field('State'),
    seccomp: Number(field('Seccomp')),
    filters: Number(field('Seccomp_filters')),
    noNewPrivs: field('NoNewPrivs') === '1',
    effectiveCapabilities: BigInt(`0x${field('CapEff')}`),
    boundingCapabilities: BigInt(`0x${field('CapBnd')}`),
  };
}

/** The capabilities that a process and its children can have at most, as CAP_* names; throws when there is no such process. */
export function processCapabilities(pid: number): Capability[] {
  return capabilitiesIn(processStatus(pid).boundingCapabilities);
}

/** Whether a terminal sends its Ctrl-C to this process and its children: they are the terminal's foreground group. */
export function isForeground(): boolean {
  const [, , group, , , terminalGroup] = statOf('self')!;
  return group === terminalGroup;
}

/** The profile of AppArmor or the label of SELinux under which a process runs; undefined without any. */
export function securityLabel(pid: number): string | undefined {
  const label = textOf(`/proc/${pid}/attr/current`)?.replace(/[\0\n]+$/, '');
  return label === undefined || label === '' || label === 'unconfined' ? undefined : label;
}

function statusField(pid: number, name: string): string | undefined {
  const text = textOf(`/proc/${pid}/status`);
  return text === undefined ? undefined : fieldIn(text, name);
}

function fieldIn(status: string, name: string): string | undefined {
  return new RegExp(`^${name}:\\s*(\\w+)`, 'm').exec(status)?.[1];
}

/** The fields of a process's stat behind its comm: state, parent, … (proc_pid_stat(5), from field 3 on). */
function statOf(pid: number | 'self'): string[] | undefined {
  const stat = textOf(`/proc/${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function textOf(file: string, encoding: 'latin1' | 'utf8' = 'latin1'): string | undefined {
  try {
    return readFileSync(file, encoding);
  } catch {
    return undefined;
  }
}
