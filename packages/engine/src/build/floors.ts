import { floorReason } from './floor-reasons.ts';
import { MEASURED_FLOORS, MEASURED_RELEASES } from './generated/floor-rows.ts';
import { compareReleases } from './portability.ts';

/** Calls that measured releases of a runtime make between the loading of the container's filter and the container's execve. */
export interface MeasuredFloor {
  readonly runtime: 'runc' | 'crun';
  /** The last release that does not make them yet; undefined: every one does from the beginning. */
  readonly after?: string;
  /** The first release that does not make them any more; undefined: none. */
  readonly until?: string;
  /** undefined: with and without. */
  readonly noNewPrivs?: boolean;
  /** exec: only for a process that joins a running container. */
  readonly only?: 'exec';
  /** Names with spaces between them. */
  readonly calls: string;
  /** Those of them that not every start makes. */
  readonly sometimes?: string;
}

/** Calls that a runtime makes for one reason. */
export interface FloorRow extends Omit<MeasuredFloor, 'calls' | 'sometimes'> {
  readonly calls: readonly string[];
  /** Calls of the row that not every start makes. */
  readonly sometimes?: readonly string[];
  readonly why: string;
}

/** What the source, engines, other kernels or thousands of starts have shown, and the measured starts need not. */
const BESIDE_MEASURED: readonly MeasuredFloor[] = [
  // Containers that Podman starts with no_new_privs.
  { runtime: 'runc', after: '1.3.3', calls: 'epoll_ctl', sometimes: 'epoll_ctl' },
  // libcontainer/utils: ProcThreadSelf looks once for /proc/thread-self; measured starts had done so before the filter.
  { runtime: 'runc', after: '1.1.15', until: '1.3.3', noNewPrivs: true, calls: 'newfstatat' },
  // How it opens files of /proc safely on kernels without openat2 (before 5.6), which were not measured.
  { runtime: 'runc', after: '1.2.7', until: '1.3', calls: 'readlinkat' },
  { runtime: 'runc', after: '1.3.2', calls: 'readlinkat' },
  // Go's own runtime, by chance, in whatever it built.
  {
    runtime: 'runc',
    calls: 'futex mmap rt_sigreturn sched_yield',
    sometimes: 'futex mmap rt_sigreturn sched_yield',
  },
];

/** Users, standard streams and the way to start differ from one container to the next, so one start does not show these. */
const BY_CONTAINER = { runc: ['fchown'], crun: ['pselect6', 'read'] };

/**
 * What scripts/measure-floors.ts measured, with reasons. A runtime filters one thread; what its other threads call does not
 * count. A release between two measured ones that differ gets what either of them calls.
 */
export const FLOORS: readonly FloorRow[] = [...MEASURED_FLOORS, ...BESIDE_MEASURED].flatMap(byReason);

function byReason({ calls, sometimes = '', ...row }: MeasuredFloor): FloorRow[] {
  const rare = new Set(sometimes.split(' '));
  const reasons = new Map<string, string[]>();
  for (const name of calls.split(' ')) {
    const why = floorReason(name, row) ?? `${row.runtime} was seen to call it`;
    reasons.set(why, [...(reasons.get(why) ?? []), name]);
  }
  return [...reasons].map(([why, names]) => ({
    ...row,
    calls: names,
    sometimes: names.filter(
      (name) => rare.has(name) || (!row.only && BY_CONTAINER[row.runtime].includes(name)),
    ),
    why,
  }));
}

/** How a release of a runtime stands to those that were measured. */
export interface MeasuredAround {
  readonly runtime: 'runc' | 'crun';
  /** The newest measured release before it; undefined: it is older than all of them, and taken for the oldest. */
  readonly before?: string;
  /** The oldest measured release after it; undefined: it is newer than all of them, and taken for the newest. */
  readonly after?: string;
}

/**
 * Between which measured releases a release of runc or crun lies, whose floor is what either of the two calls; undefined for
 * one that was measured itself, and where no release is known.
 */
export function measuredAround({ runtime, release }: FloorChoice): MeasuredAround | undefined {
  if (release === undefined || (runtime !== 'runc' && runtime !== 'crun')) return undefined;
  const measured = MEASURED_RELEASES[runtime].split(' ');
  if (measured.some((one) => compareReleases(one, release) === 0)) return undefined;
  const before = measured.findLast((one) => compareReleases(one, release) < 0);
  const after = measured.find((one) => compareReleases(one, release) > 0);
  return { runtime, ...(before && { before }), ...(after && { after }) };
}

/** docker run --init: what docker-init itself calls, its fork of the program included. */
export const DOCKER_INIT: readonly string[] = [
  'arch_prctl',
  'brk',
  'clone',
  'execve',
  'exit_group',
  'getpgrp',
  'getpid',
  'getrandom',
  'ioctl',
  'mprotect',
  'prlimit64',
  'readlink',
  'rseq',
  'rt_sigaction',
  'rt_sigprocmask',
  'rt_sigtimedwait',
  'set_robust_list',
  'set_tid_address',
  'setpgid',
  'wait4',
];

/** Names of those who start containers, and the runtimes that they use. */
export const FLOOR_RUNTIMES: Readonly<Record<string, readonly MeasuredFloor['runtime'][]>> = {
  runc: ['runc'],
  crun: ['crun'],
  docker: ['runc'],
  containerd: ['runc'],
  podman: ['crun', 'runc'],
  crio: ['crun', 'runc'],
  any: ['crun', 'runc'],
};

/** How containers will be started. */
export interface FloorChoice {
  /** runc, crun, docker, containerd, podman, or any; another has no floor. */
  readonly runtime: string;
  /** Where `runtime` is runc or crun: its release; undefined: any. */
  readonly release?: string;
  /** The container runs with no_new_privs (--security-opt no-new-privileges). */
  readonly noNewPrivs: boolean;
  /** People will run commands in it (docker exec). */
  readonly exec?: boolean;
  /** docker run --init. */
  readonly init?: boolean;
}

/** Calls of which every runtime makes one when it takes on the user under the filter: without no_new_privs. */
const TAKE_ON_USERS = ['setuid', 'setresuid'];

/**
 * What a runtime whose calls were recorded makes in some starts only, by call, with the reason. The runtime is known by
 * what it did.
 */
export function rareFloor(recorded: ReadonlySet<string>): Map<string, string> {
  const runtime = recorded.has('fstatfs') || recorded.has('epoll_ctl') ? 'runc' : 'crun';
  const noNewPrivs = !TAKE_ON_USERS.some((name) => recorded.has(name));
  const rows = FLOORS.filter(
    (row) =>
      row.runtime === runtime &&
      row.after === undefined &&
      row.only === undefined &&
      (row.noNewPrivs === undefined || row.noNewPrivs === noNewPrivs),
  );
  return new Map(
    rows.flatMap(({ sometimes, why }) =>
      (sometimes ?? []).map((name): [string, string] => [
        name,
        `${why}; ${runtime} calls it in some starts only`,
      ]),
    ),
  );
}

/**
 * What the runtime itself calls under the container's filter, by call, with the reason.
 * @example
 * ```js
 * import { floorOf } from '@callgate/engine/build';
 * floorOf({ runtime: 'docker', noNewPrivs: true }).has('execve'); // → true
 * ```
 */
export function floorOf(choice: FloorChoice): Map<string, string> {
  const runtimes = Object.hasOwn(FLOOR_RUNTIMES, choice.runtime) ? FLOOR_RUNTIMES[choice.runtime] : [];
  const calls = new Map<string, string>();
  for (const row of FLOORS) {
    // That of docker or podman does not tell the release of the runtime that they start.
    const release = row.runtime === choice.runtime ? choice.release : undefined;
    const applies =
      runtimes.includes(row.runtime) &&
      (row.noNewPrivs === undefined || row.noNewPrivs === choice.noNewPrivs) &&
      (row.only === undefined || choice.exec === true) &&
      (row.after === undefined || release === undefined || compareReleases(release, row.after) > 0) &&
      (row.until === undefined || release === undefined || compareReleases(release, row.until) < 0);
    if (applies) for (const name of row.calls) if (!calls.has(name)) calls.set(name, row.why);
  }
  if (choice.init)
    for (const name of DOCKER_INIT) if (!calls.has(name)) calls.set(name, 'docker-init itself');
  return calls;
}
