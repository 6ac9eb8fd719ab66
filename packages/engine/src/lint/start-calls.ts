/** Calls without which a runtime starts no container in one of its two ways. */
export interface StartCalls {
  readonly runtime: 'runc' | 'crun';
  readonly noNewPrivs: boolean;
  /** The first release of which this is known; undefined: of every one. */
  readonly since?: string;
  /** Names with spaces between them. */
  readonly calls: string;
}

/**
 * Calls that a runtime makes under the container's filter and cannot do without: denied with EPERM or with ENOSYS, the
 * container does not start. Measured by scripts/measure-starts.ts with runc 1.1.12, 1.1.15, 1.2.0, 1.2.5, 1.2.8, 1.3.0, 1.3.3,
 * 1.3.7, 1.4.0, 1.4.4, 1.5.0, 1.5.3 and 1.6.0-rc.1 and crun 1.8.1: what holds for all of them, and for those from `since` on.
 */
export const START_CALLS: readonly StartCalls[] = [
  { runtime: 'runc', noNewPrivs: true, calls: 'execve' },
  { runtime: 'runc', noNewPrivs: true, since: '1.1.12', calls: 'close fstatfs getdents64 openat write' },
  { runtime: 'runc', noNewPrivs: true, since: '1.3.3', calls: 'fstat statx' },
  { runtime: 'runc', noNewPrivs: false, calls: 'execve' },
  {
    runtime: 'runc',
    noNewPrivs: false,
    since: '1.1.12',
    calls:
      'capget capset chdir close fstat fstatfs getcwd getdents64 getppid newfstatat openat prctl read setgid setgroups setuid write',
  },
  { runtime: 'runc', noNewPrivs: false, since: '1.3.3', calls: 'statx' },
  { runtime: 'crun', noNewPrivs: true, calls: 'execve' },
  {
    runtime: 'crun',
    noNewPrivs: false,
    calls: 'capset execve prctl rt_sigaction rt_sigprocmask setresgid setresuid write',
  },
];

/** What somebody has who does not say which: older ones let containers escape (CVE-2024-21626). */
export const USUAL_RELEASE = '1.1.12';
