/** From this kernel on one call is enough: a thread of the kernel takes the requests (IORING_SETUP_SQPOLL). */
export const ONE_CALL = { major: 5, minor: 13 };

/** By the first kernel: calls whose work a ring of io_uring does, without asking a filter. */
const BY_KERNEL: Readonly<Record<string, string>> = {
  '5.1':
    'readv preadv preadv2 writev pwritev pwritev2 fsync fdatasync read pread64 write pwrite64 poll ppoll',
  '5.2': 'sync_file_range',
  '5.3': 'sendmsg recvmsg',
  '5.4': 'clock_nanosleep',
  '5.5': 'accept accept4 connect',
  '5.6':
    'fallocate open openat creat openat2 close statx stat lstat fstat newfstatat fadvise64 madvise sendto recvfrom epoll_ctl',
  '5.7': 'splice sendfile',
  '5.8': 'tee',
  '5.11': 'shutdown rename renameat renameat2 unlink unlinkat rmdir',
  '5.15': 'mkdir mkdirat symlink symlinkat link linkat',
  '5.19': 'fsetxattr setxattr fgetxattr getxattr socket',
  '6.7': 'waitid futex',
  '6.9': 'ftruncate',
  '6.11': 'bind listen',
  '6.15': 'epoll_wait',
  '6.16': 'pipe pipe2',
};

/**
 * Calls that a ring does in the stead of a program, each with the first kernel. Sources: include/uapi/linux/io_uring.h of
 * Linux 5.10, 6.1, 6.12 and 7.2, and liburing's manual (docs/facts.md).
 */
export const RING_CALLS: ReadonlyMap<string, string> = new Map(
  Object.entries(BY_KERNEL).flatMap(([kernel, calls]) =>
    calls.split(' ').map((name): [string, string] => [name, kernel]),
  ),
);
