/** Why a runtime makes calls between the loading of the container's filter and the container's execve. */
interface FloorReason {
  readonly runtime: 'runc' | 'crun';
  readonly calls: readonly string[];
  /** The reason holds for one setting only; undefined: for both. */
  readonly noNewPrivs?: boolean;
  /** exec: only for a process that joins a running container. */
  readonly only?: 'exec';
  readonly why: string;
}

const TAKES_ON = 'without no_new_privs runc loads the filter before it takes on user and capabilities';

/** The first that fits counts. */
const REASONS: readonly FloorReason[] = [
  {
    runtime: 'runc',
    calls: ['close', 'execve', 'fstatfs', 'futex', 'getdents64', 'openat', 'rt_sigreturn', 'write'],
    why: 'runc opens its fifo, closes descriptors and executes the program',
  },
  { runtime: 'runc', calls: ['epoll_ctl'], why: "Go's runtime takes files into its poller" },
  {
    runtime: 'runc',
    calls: ['getpid'],
    noNewPrivs: true,
    why: 'runc names its fifo by the number of its own process',
  },
  { runtime: 'runc', calls: ['fcntl'], noNewPrivs: true, why: 'runc asks in which mode a file is open' },
  { runtime: 'runc', calls: ['tgkill'], why: "Go's runtime interrupts threads of runc that take long" },
  {
    runtime: 'runc',
    calls: ['capget', 'capset'],
    why: 'runc takes on the capabilities after it has loaded the filter',
  },
  {
    runtime: 'runc',
    calls: ['mmap', 'sched_yield'],
    why: "Go's runtime, when its heap grows or another of runc's threads holds a lock",
  },
  {
    runtime: 'runc',
    calls: ['close_range'],
    why: 'runc closes descriptors with it (libcontainer/utils: CloseExecFrom)',
  },
  {
    runtime: 'runc',
    calls: ['newfstatat', 'faccessat2'],
    noNewPrivs: true,
    why: 'runc looks up files of /proc, or the program that it executes',
  },
  {
    runtime: 'runc',
    calls: ['fchown'],
    why: 'runc gives stdin, stdout and stderr to a user that is not root',
  },
  {
    runtime: 'runc',
    calls: ['fstat'],
    noNewPrivs: true,
    why: 'runc opens files of /proc in a safe way (filepath-securejoin, pathrs-lite)',
  },
  {
    runtime: 'runc',
    calls: ['openat2', 'readlinkat', 'statx'],
    why: 'runc opens files of /proc in a safe way (filepath-securejoin, pathrs-lite)',
  },
  {
    runtime: 'runc',
    calls: [
      ...['chdir', 'faccessat2', 'fcntl', 'fstat', 'getcwd', 'getpid', 'getppid', 'newfstatat'],
      ...['prctl', 'read', 'setgid', 'setgroups', 'setuid'],
    ],
    why: TAKES_ON,
  },
  { runtime: 'crun', calls: ['close', 'execve'], why: 'crun executes the program' },
  {
    runtime: 'crun',
    calls: ['close_range'],
    why: 'crun closes descriptors with it (src/libcrun/utils.c: mark_or_close_fds_ge_than)',
  },
  {
    runtime: 'crun',
    calls: ['select'],
    why: 'crun waits to be started with it; with newer C libraries it calls pselect6',
  },
  {
    runtime: 'crun',
    calls: [
      ...['capset', 'prctl', 'pselect6', 'read', 'rt_sigaction', 'rt_sigprocmask'],
      ...['setresgid', 'setresuid', 'write'],
    ],
    noNewPrivs: false,
    why: 'without no_new_privs crun loads the filter before it waits to be started and takes on user and capabilities',
  },
  {
    runtime: 'crun',
    calls: [
      ...['capset', 'fchown', 'fstat', 'ioctl', 'openat', 'prctl', 'read', 'setgroups'],
      ...['setresgid', 'setresuid', 'statx', 'umask', 'write'],
    ],
    only: 'exec',
    why: 'crun exec, whether the container has no_new_privs or not',
  },
];

/** Why a runtime makes a call; undefined where nobody has found out. */
export function floorReason(
  call: string,
  of: { readonly runtime: 'runc' | 'crun'; readonly noNewPrivs?: boolean; readonly only?: 'exec' },
): string | undefined {
  return REASONS.find(
    (reason) =>
      reason.runtime === of.runtime &&
      reason.calls.includes(call) &&
      (reason.noNewPrivs === undefined ||
        of.noNewPrivs === undefined ||
        reason.noNewPrivs === of.noNewPrivs) &&
      reason.only === (reason.only && of.only),
  )?.why;
}
