/**
 * The arguments that are worth a condition: those that choose what a call does, and that the kernel takes from the
 * register itself. Never descriptors, sizes, pointers or counts; never clone3 and openat2, whose flags lie in memory.
 * Source: each call's manual page.
 */
const WORTH: Readonly<Record<string, readonly number[]>> = {
  arch_prctl: [0],
  bpf: [0],
  clone: [0],
  fcntl: [1],
  fcntl64: [1],
  getsockopt: [1, 2],
  ioctl: [1],
  keyctl: [0],
  madvise: [2],
  mmap: [2, 3],
  mmap2: [2, 3],
  mprotect: [2],
  personality: [0],
  prctl: [0],
  prlimit64: [1],
  ptrace: [0],
  seccomp: [0],
  setns: [1],
  setsockopt: [1, 2],
  shmctl: [1],
  socket: [0, 1, 2],
  socketpair: [0, 1, 2],
  unshare: [0],
};

/** For each of a call's arguments whether it is worth a condition; undefined when none is. */
export function worthOf(name: string): readonly boolean[] | undefined {
  if (!Object.hasOwn(WORTH, name)) return undefined;
  const wanted = WORTH[name];
  return Array.from({ length: Math.max(...wanted) + 1 }, (_, i) => wanted.includes(i));
}

/** Every call with such an argument. */
export const WORTHWHILE: readonly string[] = Object.keys(WORTH);
