/** Calls that reach the same effect: where one is denied and another passes, the denial has a hole. */
export interface Siblings {
  /** What each of them does, to stand behind "also": "changes the mode of a file". */
  readonly effect: string;
  readonly calls: readonly string[];
}

/**
 * Each row holds calls by every one of which the effect can be had. Verified in the kernel's source, where they end in the same
 * function (Debian's 6.1.176 and 7.2.13), or in the man pages (6.20), beside what was gathered before: docs/facts.md.
 */
export const SIBLINGS: readonly Siblings[] = [
  row('opens files', 'open openat openat2'),
  row('reads from descriptors', 'read readv pread64 preadv preadv2'),
  row('writes to descriptors', 'write writev pwrite64 pwritev pwritev2'),
  row('tells what a file is', 'stat lstat fstat newfstatat statx stat64 lstat64 fstat64 fstatat64'),
  row('checks access to a file', 'access faccessat faccessat2'),
  row('changes the mode of a file', 'chmod fchmod fchmodat fchmodat2'),
  row('changes the owner of a file', 'chown fchown lchown fchownat chown32 fchown32 lchown32'),
  row('makes folders', 'mkdir mkdirat'),
  row('removes folders', 'rmdir unlinkat'),
  row('removes files', 'unlink unlinkat'),
  row('renames files', 'rename renameat renameat2'),
  row('makes symbolic links', 'symlink symlinkat'),
  row('makes hard links', 'link linkat'),
  row('makes device files', 'mknod mknodat'),
  row('reads symbolic links', 'readlink readlinkat'),
  row('cuts files', 'truncate ftruncate truncate64 ftruncate64'),
  row('sets the times of a file', 'utime utimes futimesat utimensat utimensat_time64'),
  row('lists folders', 'getdents getdents64'),
  row('sets extended attributes', 'setxattr lsetxattr fsetxattr setxattrat'),
  row('reads extended attributes', 'getxattr lgetxattr fgetxattr getxattrat'),
  row('lists extended attributes', 'listxattr llistxattr flistxattr listxattrat'),
  row('removes extended attributes', 'removexattr lremovexattr fremovexattr removexattrat'),
  row('copies descriptors', 'dup dup2 dup3 fcntl'),
  row('closes descriptors', 'close close_range'),
  row('makes pipes', 'pipe pipe2'),
  row('makes event descriptors', 'eventfd eventfd2'),
  row('makes signal descriptors', 'signalfd signalfd4'),
  row('watches files', 'inotify_init inotify_init1'),
  row('makes epoll sets', 'epoll_create epoll_create1'),
  row('accepts connections', 'accept accept4'),
  row('sends', 'sendto sendmsg sendmmsg'),
  row('receives', 'recvfrom recvmsg recvmmsg recvmmsg_time64'),
  row('executes programs', 'execve execveat'),
  row('makes processes', 'fork vfork clone clone3'),
  row('changes the flags of a mount', 'mount_setattr mount'),
  row('unmounts', 'umount umount2'),
  row('reads the memory of other processes', 'process_vm_readv ptrace'),
  row('takes descriptors of other processes', 'pidfd_getfd ptrace'),
  row('sends signals', 'kill tkill tgkill rt_sigqueueinfo rt_tgsigqueueinfo pidfd_send_signal'),
  row('waits for children', 'wait4 waitid waitpid'),
  row('makes memory executable', 'mmap mmap2 mprotect pkey_mprotect'),
  row('locks memory', 'mlock mlock2'),
  row('loads kernel modules', 'init_module finit_module'),
  row('stages another kernel', 'kexec_load kexec_file_load'),
  row('sets the clock', 'settimeofday clock_settime clock_settime64 stime'),
  row('changes the user', 'setuid setreuid setresuid setuid32 setreuid32 setresuid32'),
  row('changes the group', 'setgid setregid setresgid setgid32 setregid32 setresgid32'),
  row('sets resource limits', 'setrlimit prlimit64'),
  row('changes disk quotas', 'quotactl quotactl_fd'),
  row('tells of a file system', 'statfs fstatfs'),
  row('installs seccomp filters', 'seccomp prctl'),
  row('waits for a futex', 'futex futex_time64'),
  row('waits for descriptors', 'poll ppoll ppoll_time64'),
  row('waits for descriptors', 'select _newselect pselect6 pselect6_time64'),
  row('waits for an epoll set', 'epoll_wait epoll_pwait epoll_pwait2'),
  row('writes files to disk', 'fsync fdatasync'),
  row('sleeps', 'nanosleep clock_nanosleep clock_nanosleep_time64'),
];

function row(effect: string, calls: string): Siblings {
  return { effect, calls: calls.split(' ') };
}
