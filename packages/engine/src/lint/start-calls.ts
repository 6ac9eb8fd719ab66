/** A way in which a runtime starts containers, and calls without which it starts none. */
export interface StartCalls {
  readonly runtime: 'runc' | 'crun';
  readonly noNewPrivs: boolean;
  readonly calls: readonly string[];
}

/**
 * Calls that a runtime makes under the container's filter and cannot do without: denied with EPERM or ENOSYS, the container
 * does not start. Measured by scripts/measure-starts.ts; only what holds for every release there.
 */
export const START_CALLS: readonly StartCalls[] = [
  {
    runtime: 'runc',
    noNewPrivs: true,
    calls: ['close', 'execve', 'fstatfs', 'getdents64', 'openat', 'write'],
  },
  {
    runtime: 'runc',
    noNewPrivs: false,
    calls: [
      'capget',
      'capset',
      'chdir',
      'close',
      'execve',
      'fstat',
      'fstatfs',
      'getcwd',
      'getdents64',
      'getppid',
      'newfstatat',
      'openat',
      'prctl',
      'read',
      'setgid',
      'setgroups',
      'setuid',
      'write',
    ],
  },
  { runtime: 'crun', noNewPrivs: true, calls: ['execve'] },
  {
    runtime: 'crun',
    noNewPrivs: false,
    calls: ['capset', 'execve', 'prctl', 'rt_sigaction', 'rt_sigprocmask', 'setresgid', 'setresuid', 'write'],
  },
];
