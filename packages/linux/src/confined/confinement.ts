import { encodeProgram } from '@callgate/engine/internal/bpf/encode';
import type { Program } from '@callgate/engine/internal/bpf/instruction';
import { capabilitiesIn } from '@callgate/engine/internal/profile/capabilities';
import { FiltersUnreadable, readFilters } from '../process/live-filters.ts';
import { type ProcessStatus, processStatus, threadsOf } from '../process/processes.ts';

/** By the number in /proc. */
export const MODES = ['none', 'strict', 'filter'] as const;
export type Mode = (typeof MODES)[number];

/** Threads that are confined otherwise than a container's first process. */
export interface DifferingThreads {
  readonly mode: Mode;
  readonly filters: number;
  readonly threads: number;
  /** The id of one of them. */
  readonly example: number;
  /** As many filters as the first, but not the same. */
  readonly isOther: boolean;
}

/** How processes that belong together are confined: their first one, and what differs from it. */
export interface Confinement {
  readonly pid: number;
  readonly mode: Mode;
  readonly filters: number;
  readonly noNewPrivs: boolean;
  /** What the first process and its children can have at most, as CAP_* names. */
  readonly capabilities: readonly string[];
  readonly processes: number;
  readonly threads: number;
  readonly differing: readonly DifferingThreads[];
  /** The first one's filters, the newest first; undefined where they cannot be read. */
  readonly programs?: readonly Program[];
  /** Why they cannot be read. */
  readonly unreadable?: string;
  /** Threads whose filters could not be compared: they ended, or are traced by somebody. */
  readonly unread: number;
}

/** More processes than a container has whose filters are read to be compared, where no proof is asked for. */
const SOME_PROCESSES = 32;

/**
 * Looks at every thread of processes that belong together. `whole` reads the filters of each thread; else those of the first of
 * each process, of at most 32. Undefined when the first process has ended.
 */
export function confinementOf(pids: readonly number[], whole = false): Confinement | undefined {
  const [pid] = pids;
  const first = statusOf(pid);
  if (!first) return undefined;
  const own = filtersOf(pid, first);
  const key = own.programs && filterKey(own.programs);
  const groups = new Map<
    string,
    { example: number; threads: number; status: ProcessStatus; isOther: boolean }
  >();
  let [threads, unread, alive] = [0, 0, 0];
  for (const [at, member] of pids.entries()) {
    const tids = threadsOf(member);
    if (tids.length > 0) alive++;
    for (const tid of tids) {
      const status = statusOf(tid);
      if (!status) continue;
      threads++;
      const isLike = status.seccomp === first.seccomp && status.filters === first.filters;
      const isAsked = key !== undefined && tid !== pid && (whole || (tid === member && at < SOME_PROCESSES));
      const others = isLike && isAsked ? filtersOf(tid, status).programs : undefined;
      if (isLike && isAsked && !others) unread++;
      const isOther = others !== undefined && filterKey(others) !== key;
      if (isLike && !isOther) continue;
      const name = `${status.seccomp} ${status.filters} ${isOther}`;
      const group = groups.get(name);
      if (group) group.threads++;
      else groups.set(name, { example: tid, threads: 1, status, isOther });
    }
  }
  return {
    pid,
    ...modeOf(first),
    noNewPrivs: first.noNewPrivs,
    capabilities: capabilitiesIn(first.boundingCapabilities),
    processes: alive,
    threads,
    differing: [...groups.values()].map(({ status, ...group }) => ({ ...modeOf(status), ...group })),
    ...own,
    unread,
  };
}

/** Filters by their bytes: equal keys are equal filters. */
export function filterKey(programs: readonly Program[]): string {
  return programs
    .map((program) => Buffer.from(encodeProgram(program, 'little')).toString('latin1'))
    .join('|');
}

/** How many filters there are: before Linux 5.9 /proc does not say it. */
function modeOf({ seccomp, filters }: ProcessStatus): { readonly mode: Mode; readonly filters: number } {
  return { mode: MODES[seccomp] ?? 'none', filters: seccomp === 2 ? filters : 0 };
}

function statusOf(tid: number): ProcessStatus | undefined {
  try {
    const status = processStatus(tid);
    return status.state === 'Z' || status.state === 'X' ? undefined : status;
  } catch {
    return undefined;
  }
}

function filtersOf(
  tid: number,
  { seccomp, state }: ProcessStatus,
): { readonly programs?: readonly Program[]; readonly unreadable?: string } {
  if (seccomp !== 2) return { programs: [] };
  if (state === 'D' && staysAsleep(tid))
    return { unreadable: `process ${tid} is paused, or in an uninterruptible sleep` };
  try {
    return { programs: readFilters(tid) };
  } catch (fault) {
    if (fault instanceof FiltersUnreadable) return { unreadable: fault.message };
    throw fault;
  }
}

/** So often, a millisecond apart, is looked whether a thread does not wake up; asking it to stop would take seconds. */
const LOOKS = 5;

function staysAsleep(tid: number): boolean {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (let look = 0; look < LOOKS; look++) {
    Atomics.wait(pause, 0, 0, 1);
    if (statusOf(tid)?.state !== 'D') return false;
  }
  return true;
}
