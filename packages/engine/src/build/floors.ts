import { compareReleases } from './portability.ts';

/** When a runtime makes a call between the loading of the container's filter and the container's execve. */
export interface FloorRow {
  readonly runtime: 'runc' | 'crun';
  /** The first release that does; undefined: every one. */
  readonly from?: string;
  /** The first release that does not any more; undefined: none. */
  readonly until?: string;
  /** undefined: with and without. */
  readonly noNewPrivs?: boolean;
  /** exec: only for a process that joins a running container. */
  readonly only?: 'exec';
  readonly calls: readonly string[];
  /** Calls of the row that not every start makes. */
  readonly sometimes?: readonly string[];
  readonly why: string;
}

/**
 * Measured by scripts/measure-floors.ts with runc 1.1.5, 1.1.15, 1.3.4, 1.3.6, 1.4.4 and 1.5.3, and crun 1.8.1, 1.21 and
 * 1.28, on Linux 6.18; and by containers that have capabilities (test/machines/contract/engines), with crun 0.17, too. Releases between two that differ get what either of them calls. A runtime filters one thread; what its other threads call does not count.
 */
export const FLOORS: readonly FloorRow[] = [
  {
    runtime: 'runc',
    calls: ['close', 'execve', 'fstatfs', 'futex', 'getdents64', 'openat', 'rt_sigreturn', 'write'],
    sometimes: ['futex', 'rt_sigreturn'],
    why: 'runc opens its fifo, closes descriptors and executes the program',
  },
  {
    runtime: 'runc',
    until: '1.3.4',
    calls: ['epoll_ctl', 'getpid'],
    why: "Go's runtime takes the fifo into its poller, and runc names it by its own number",
  },
  {
    runtime: 'runc',
    from: '1.3.4',
    calls: ['epoll_ctl'],
    sometimes: ['epoll_ctl'],
    why: "Go's runtime takes files into its poller",
  },
  {
    runtime: 'runc',
    from: '1.1.6',
    calls: ['fcntl'],
    why: 'runc asks which mode the fifo is in',
  },
  {
    runtime: 'runc',
    from: '1.2',
    noNewPrivs: false,
    calls: ['tgkill'],
    why: "Go's runtime interrupts threads of runc that take long",
  },
  {
    runtime: 'runc',
    noNewPrivs: false,
    calls: ['capget', 'capset'],
    why: 'runc takes on the capabilities after it has loaded the filter',
  },
  {
    runtime: 'runc',
    calls: ['mmap', 'sched_yield'],
    sometimes: ['mmap', 'sched_yield'],
    why: "Go's runtime, when its heap grows or another of runc's threads holds a lock",
  },
  {
    runtime: 'runc',
    noNewPrivs: false,
    calls: [
      'chdir',
      'faccessat2',
      'fcntl',
      'fstat',
      'getcwd',
      'getpid',
      'getppid',
      'newfstatat',
      'prctl',
      'read',
      'setgid',
      'setgroups',
      'setuid',
    ],
    why: 'without no_new_privs runc loads the filter before it takes on user and capabilities',
  },
  {
    runtime: 'runc',
    noNewPrivs: false,
    calls: ['fchown'],
    sometimes: ['fchown'],
    why: 'runc gives stdin, stdout and stderr to a user that is not root',
  },
  {
    runtime: 'runc',
    from: '1.2',
    noNewPrivs: false,
    calls: ['close_range'],
    why: 'runc closes descriptors with it (libcontainer/utils: CloseExecFrom)',
  },
  {
    runtime: 'runc',
    from: '1.2',
    until: '1.3.4',
    calls: ['newfstatat'],
    why: 'runc looks its fifo up below /proc/thread-self (libcontainer/utils: ProcThreadSelf)',
  },
  // The safe way came in 1.2.8 and 1.3.3 at the same time.
  ...[{ from: '1.2.8', until: '1.3' }, { from: '1.3.3' }].map(
    (releases): FloorRow => ({
      runtime: 'runc',
      ...releases,
      calls: ['fstat', 'openat2', 'readlinkat', 'statx'],
      why: 'runc opens files of /proc in a safe way (filepath-securejoin, pathrs-lite)',
    }),
  ),
  { runtime: 'crun', calls: ['close', 'execve'], why: 'crun executes the program' },
  {
    runtime: 'crun',
    noNewPrivs: false,
    calls: [
      'capset',
      'prctl',
      'pselect6',
      'read',
      'rt_sigaction',
      'rt_sigprocmask',
      'setresgid',
      'setresuid',
      'write',
    ],
    sometimes: ['pselect6', 'read'],
    why: 'without no_new_privs crun loads the filter before it waits to be started and takes on user and capabilities',
  },
  {
    runtime: 'crun',
    until: '1.8.1',
    noNewPrivs: false,
    calls: ['select'],
    why: 'crun waits to be started with it; later ones call pselect6',
  },
  {
    runtime: 'crun',
    from: '1.14.1',
    calls: ['close_range'],
    why: 'crun closes descriptors with it (src/libcrun/utils.c: mark_or_close_fds_ge_than)',
  },
  {
    runtime: 'crun',
    only: 'exec',
    calls: [
      'capset',
      'fchown',
      'ioctl',
      'openat',
      'prctl',
      'read',
      'setgroups',
      'setresgid',
      'setresuid',
      'statx',
      'write',
    ],
    why: 'crun exec, whether the container has no_new_privs or not',
  },
];

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
export const FLOOR_RUNTIMES: Readonly<Record<string, readonly FloorRow['runtime'][]>> = {
  runc: ['runc'],
  crun: ['crun'],
  docker: ['runc'],
  containerd: ['runc'],
  podman: ['crun', 'runc'],
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
      row.from === undefined &&
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
      (row.from === undefined || release === undefined || compareReleases(release, row.from) >= 0) &&
      (row.until === undefined || release === undefined || compareReleases(release, row.until) < 0);
    if (applies) for (const name of row.calls) if (!calls.has(name)) calls.set(name, row.why);
  }
  if (choice.init)
    for (const name of DOCKER_INIT) if (!calls.has(name)) calls.set(name, 'docker-init itself');
  return calls;
}
