/** Calls that reach the same effect: where one is denied and another passes, the denial has a hole. */
export interface Siblings {
  /** What each of them does, to stand behind "also": "changes the mode of a file". */
  readonly effect: string;
  readonly calls: readonly string[];
  /** Whether somebody who denies one of them means to keep an attacker from the effect. */
  readonly isGuarded: boolean;
  /** Whether ordinary programs do without the effect, so that the others can be denied, too. */
  readonly isClosable: boolean;
}

/** With which arguments a call has the effect; any one of them is enough. Without one: with all. */
export interface EffectArguments {
  readonly argument: number;
  readonly mask: bigint;
  readonly values: readonly bigint[];
}

/**
 * Each row holds calls by every one of which the effect can be had. Verified in the kernel's source, where they end in the same
 * function (Debian's 6.1.176 and 7.2.13), or in the man pages (6.20), beside what was gathered before: docs/facts.md.
 */
export const SIBLINGS: readonly Siblings[] = [
  guarded('opens files', 'open openat openat2 creat'),
  guarded('reads from descriptors', 'read readv pread64 preadv preadv2'),
  guarded('writes to descriptors', 'write writev pwrite64 pwritev pwritev2'),
  row('tells what a file is', 'stat lstat fstat newfstatat statx stat64 lstat64 fstat64 fstatat64'),
  row('checks access to a file', 'access faccessat faccessat2'),
  closable('changes the mode of a file', 'chmod fchmod fchmodat fchmodat2'),
  closable('changes the owner of a file', 'chown fchown lchown fchownat chown32 fchown32 lchown32'),
  closable('makes folders', 'mkdir mkdirat'),
  closable('removes folders', 'rmdir unlinkat'),
  closable('removes files', 'unlink unlinkat'),
  closable('renames files', 'rename renameat renameat2'),
  closable('makes symbolic links', 'symlink symlinkat'),
  closable('makes hard links', 'link linkat'),
  closable('makes device files', 'mknod mknodat'),
  row('reads symbolic links', 'readlink readlinkat'),
  guarded('cuts files', 'truncate ftruncate truncate64 ftruncate64'),
  row('sets the times of a file', 'utime utimes futimesat utimensat utimensat_time64'),
  row('lists folders', 'getdents getdents64'),
  closable('sets extended attributes', 'setxattr lsetxattr fsetxattr setxattrat'),
  row('reads extended attributes', 'getxattr lgetxattr fgetxattr getxattrat'),
  row('lists extended attributes', 'listxattr llistxattr flistxattr listxattrat'),
  closable('removes extended attributes', 'removexattr lremovexattr fremovexattr removexattrat'),
  row('copies descriptors', 'dup dup2 dup3 fcntl'),
  row('closes descriptors', 'close close_range'),
  row('makes pipes', 'pipe pipe2'),
  row('makes event descriptors', 'eventfd eventfd2'),
  row('makes signal descriptors', 'signalfd signalfd4'),
  row('watches files', 'inotify_init inotify_init1'),
  row('makes epoll sets', 'epoll_create epoll_create1'),
  guarded('accepts connections', 'accept accept4'),
  guarded('sends', 'sendto sendmsg sendmmsg'),
  guarded('receives', 'recvfrom recvmsg recvmmsg recvmmsg_time64'),
  guarded('executes programs', 'execve execveat'),
  guarded('makes processes', 'fork vfork clone clone3'),
  closable('changes the flags of a mount', 'mount_setattr mount'),
  closable('unmounts', 'umount umount2'),
  closable('reads the memory of other processes', 'process_vm_readv ptrace'),
  closable('takes descriptors of other processes', 'pidfd_getfd ptrace'),
  guarded('sends signals', 'kill tkill tgkill rt_sigqueueinfo rt_tgsigqueueinfo pidfd_send_signal'),
  row('waits for children', 'wait4 waitid waitpid'),
  guarded('makes memory executable', 'mmap mmap2 mprotect pkey_mprotect'),
  guarded('locks memory', 'mlock mlock2'),
  closable('loads kernel modules', 'init_module finit_module'),
  closable('stages another kernel', 'kexec_load kexec_file_load'),
  closable('sets the clock', 'settimeofday clock_settime clock_settime64 stime'),
  guarded('changes the user', 'setuid setreuid setresuid setuid32 setreuid32 setresuid32'),
  guarded('changes the group', 'setgid setregid setresgid setgid32 setregid32 setresgid32'),
  guarded('sets the groups of a process', 'setgroups setgroups32'),
  guarded('sets the user for files', 'setfsuid setfsuid32'),
  guarded('sets the group for files', 'setfsgid setfsgid32'),
  guarded('sets how a process is scheduled', 'sched_setscheduler sched_setattr'),
  guarded('sets resource limits', 'setrlimit prlimit64'),
  closable('changes disk quotas', 'quotactl quotactl_fd'),
  row('tells of a file system', 'statfs fstatfs statfs64 fstatfs64'),
  guarded('installs seccomp filters', 'seccomp prctl'),
  row('waits for a futex', 'futex futex_time64'),
  row('waits for descriptors', 'poll ppoll ppoll_time64'),
  row('waits for descriptors', 'select _newselect pselect6 pselect6_time64'),
  row('waits for an epoll set', 'epoll_wait epoll_pwait epoll_pwait2'),
  row('writes files to disk', 'fsync fdatasync'),
  row('sleeps', 'nanosleep clock_nanosleep clock_nanosleep_time64'),
];

function row(effect: string, calls: string): Siblings {
  return { effect, calls: calls.split(' '), isGuarded: false, isClosable: false };
}

function guarded(effect: string, calls: string): Siblings {
  return { ...row(effect, calls), isGuarded: true };
}

function closable(effect: string, calls: string): Siblings {
  return { ...guarded(effect, calls), isClosable: true };
}

const PROT_EXEC = when(2, 4n, 4n);
const AT_REMOVEDIR = 0x200n;
const [S_IFMT, S_IFCHR, S_IFBLK] = [0o170000n, 0o020000n, 0o060000n];
const INT = 0xffff_ffffn;

/** By effect and call; others have the effect whatever their arguments are. */
const EFFECTS: Readonly<Record<string, Readonly<Record<string, EffectArguments>>>> = {
  'makes memory executable': {
    mmap: PROT_EXEC,
    mmap2: PROT_EXEC,
    mprotect: PROT_EXEC,
    pkey_mprotect: PROT_EXEC,
  },
  // F_DUPFD and F_DUPFD_CLOEXEC.
  'copies descriptors': { fcntl: when(1, INT, 0n, 1030n) },
  // PR_SET_SECCOMP; SECCOMP_SET_MODE_FILTER.
  'installs seccomp filters': { prctl: when(0, INT, 22n), seccomp: when(0, INT, 1n) },
  // Without CLONE_THREAD.
  'makes processes': { clone: when(0, 0x1_0000n, 0n) },
  'removes folders': { unlinkat: when(2, AT_REMOVEDIR, AT_REMOVEDIR) },
  'removes files': { unlinkat: when(2, AT_REMOVEDIR, 0n) },
  'makes device files': {
    mknod: when(1, S_IFMT, S_IFCHR, S_IFBLK),
    mknodat: when(2, S_IFMT, S_IFCHR, S_IFBLK),
  },
};

function when(argument: number, mask: bigint, ...values: readonly bigint[]): EffectArguments {
  return { argument, mask, values };
}

/** With which arguments a call has an effect; undefined: with all. */
export function effectArguments(effect: string, call: string): EffectArguments | undefined {
  return EFFECTS[effect]?.[call];
}
