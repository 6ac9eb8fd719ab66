/** An error that engines, runtimes and programs are known to print, and what stands behind it. */
export interface KnownError {
  /** All of these stand in the text, in lower case. */
  readonly has: readonly string[];
  /** call: one of the calls was refused. profile: the filter was not made at all. elsewhere: nothing of a filter. */
  readonly kind: 'call' | 'profile' | 'elsewhere';
  readonly calls: readonly string[];
  readonly meaning: string;
}

/** The most telling first. Source: the texts are those of runc, crun, Docker, containerd, glibc and Go as they print them. */
export const KNOWN_ERRORS: readonly KnownError[] = [
  known(
    'profile',
    'requested action matches default action of filter',
    'a rule says what the default action says, and the libseccomp of this runtime refuses such rules: take the rule out (callgate lint names it)',
  ),
  known(
    'elsewhere',
    'seccomp not supported',
    'the runtime was built without libseccomp, or the kernel without CONFIG_SECCOMP_FILTER: no profile can be loaded here at all',
  ),
  known(
    'profile',
    'decoding seccomp profile failed',
    'the engine could not read the profile: callgate lint says where',
  ),
  known(
    'profile',
    'loading seccomp profile|failed',
    'the engine could not read the profile: callgate lint says where',
  ),
  known(
    'profile',
    'error adding seccomp filter rule',
    'libseccomp refused a rule of the profile: callgate lint says which and why',
  ),
  known(
    'profile',
    'unable to init seccomp',
    'the runtime could not install the filter: the profile was refused, or the kernel refused it',
  ),
  known(
    'call',
    'closing exec fds|/proc/self/fd',
    'the runtime lists and closes its files after the filter is there, and one of its own calls is refused',
    'openat openat2 getdents64 fstatfs fcntl close_range close fstat newfstatat',
  ),
  known(
    'call',
    'close exec fds|operation not permitted',
    'the runtime closes its files after the filter is there, and one of its own calls is refused',
    'close_range openat openat2 getdents64 fstatfs fcntl close',
  ),
  known(
    'call',
    'get root mount id|statx',
    'newer releases of runc call statx after the filter is there, and the profile was made for an older one',
    'statx',
  ),
  known(
    'call',
    'exec user process caused|operation not permitted',
    'the filter was there, and the runtime could not start the program',
    'execve execveat',
  ),
  known(
    'elsewhere',
    'exec user process caused|permission denied',
    'the file of the program may not be executed: its mode, a mount with noexec, or AppArmor or SELinux',
  ),
  known(
    'elsewhere',
    'exec format error',
    'the program is of another architecture, or is a script without "#!"',
  ),
  known(
    'call',
    'runtime/cgo: pthread_create failed',
    'libc makes threads by clone3, and falls back to clone only where clone3 answers ENOSYS',
    'clone3 clone',
  ),
  known(
    'call',
    'pthread_create|operation not permitted',
    'libc makes threads by clone3, and falls back to clone only where clone3 answers ENOSYS',
    'clone3 clone',
  ),
  known('call', 'cannot run program|error=', 'a process could not be made', 'execve clone3 clone vfork'),
  known('call', "can't start new thread", 'a thread could not be made', 'clone3 clone'),
  known('call', "can't create thread", 'a thread could not be made', 'clone3 clone'),
  known('call', 'failed to create new os thread', 'a thread could not be made', 'clone'),
  known('call', 'newosproc', 'a thread could not be made', 'clone'),
  known('call', 'could not create shared memory segment', 'shared memory of System V was refused', 'shmget'),
  known('call', 'unable to create native thread', 'a thread could not be made', 'clone3 clone'),
  known('call', 'unshare failed', 'new namespaces were refused', 'unshare'),
  known('call', 'reassociate to namespace', 'entering a namespace was refused', 'setns'),
  known('call', 'no new privileges|operation not permitted', 'setting no_new_privs was refused', 'prctl'),
  known(
    'elsewhere',
    'effective uid is not 0|nosuid',
    'no_new_privs or a mount with nosuid: setuid programs do not gain anything there',
  ),
  known(
    'elsewhere',
    '"no new privileges" flag is set',
    'no_new_privs: sudo and other setuid programs cannot work',
  ),
  known(
    'elsewhere',
    'read-only file system',
    'the file system is read-only (--read-only, or readOnlyRootFilesystem)',
  ),
  known('elsewhere', 'no space left on device', 'the disk is full, or a limit of the kernel is reached'),
  known('elsewhere', 'cannot allocate memory', 'a limit of memory or of processes is reached'),
];

function known(kind: KnownError['kind'], has: string, meaning: string, calls = ''): KnownError {
  return { kind, has: has.split('|'), calls: calls === '' ? [] : calls.split(' '), meaning };
}

/** What well-known programs call to do what they are for. */
export const CALLS_OF_PROGRAMS: Readonly<Record<string, string>> = {
  apt: 'setgroups setresuid setresgid seteuid',
  bpftool: 'bpf',
  bpftrace: 'bpf perf_event_open',
  bwrap: 'clone unshare',
  cat: 'openat open',
  chgrp: 'fchownat chown',
  chmod: 'fchmodat fchmodat2 chmod',
  chown: 'fchownat chown fchown',
  chroot: 'chroot',
  cp: 'fchownat fchmod copy_file_range',
  date: 'clock_settime settimeofday',
  dmesg: 'syslog',
  gdb: 'ptrace personality',
  hostname: 'sethostname',
  hwclock: 'settimeofday clock_settime',
  insmod: 'finit_module init_module',
  ionice: 'ioprio_set',
  ip: 'socket setns',
  keyctl: 'keyctl add_key',
  kill: 'kill',
  ln: 'symlinkat linkat symlink link',
  losetup: 'ioctl',
  ls: 'statx newfstatat lstat stat openat',
  mkdir: 'mkdir mkdirat',
  mkfifo: 'mknod mknodat',
  mknod: 'mknod mknodat',
  modprobe: 'finit_module init_module',
  mount: 'mount fsopen move_mount',
  mv: 'renameat2 rename renameat',
  nice: 'setpriority',
  nsenter: 'setns',
  perf: 'perf_event_open',
  ping: 'socket sendto',
  pivot_root: 'pivot_root',
  ps: 'openat',
  reboot: 'reboot',
  renice: 'setpriority',
  rm: 'unlinkat unlink rmdir',
  rmdir: 'rmdir unlinkat',
  setarch: 'personality',
  setcap: 'setxattr',
  setfattr: 'setxattr lsetxattr',
  strace: 'ptrace process_vm_readv',
  su: 'setuid setgid setgroups',
  sudo: 'setuid setresuid setgroups',
  swapoff: 'swapoff',
  swapon: 'swapon',
  tar: 'fchownat fchmodat utimensat',
  taskset: 'sched_setaffinity',
  touch: 'utimensat openat',
  umount: 'umount2',
  unshare: 'unshare',
};

/** Functions of libraries whose name is no call's, and what they call. */
export const CALLS_OF_FUNCTIONS: Readonly<Record<string, string>> = {
  copyfile: 'copy_file_range ioctl',
  fork: 'clone fork vfork clone3',
  initgroups: 'setgroups',
  lutimes: 'utimensat',
  makedirs: 'mkdir mkdirat',
  mkdtemp: 'mkdir mkdirat',
  mkfifo: 'mknod mknodat',
  open: 'openat open',
  opendir: 'openat open',
  posix_spawn: 'clone3 clone vfork',
  pthread_create: 'clone3 clone',
  remount: 'mount',
  scandir: 'openat open getdents64',
  seteuid: 'setresuid',
  setegid: 'setresgid',
  spawn: 'clone3 clone vfork execve',
  stat: 'newfstatat statx stat',
  umount: 'umount2',
};
