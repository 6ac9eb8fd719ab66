/**
 * Calls that a hardened workload seldom needs and an attacker likes, and what they give away, in a few words.
 * Sources: man pages of each call, capabilities(7), Docker's list of calls blocked by default.
 */
const NOTABLE: Readonly<Record<string, string>> = {
  add_key: 'kernel keyring, not namespaced',
  bpf: 'loads programs into the kernel',
  chroot: 'changes the root folder',
  clone3: 'flags hide behind a pointer, so user namespaces cannot be told apart',
  delete_module: 'unloads kernel modules',
  finit_module: 'loads kernel modules',
  init_module: 'loads kernel modules',
  io_uring_setup: 'does file and network calls that no filter sees',
  ioperm: 'gives access to I/O ports',
  iopl: 'gives access to I/O ports',
  kcmp: 'compares kernel objects of processes',
  kexec_file_load: 'replaces the running kernel',
  kexec_load: 'replaces the running kernel',
  keyctl: 'kernel keyring, not namespaced',
  mount: 'changes what the file system shows',
  mount_setattr: 'changes what the file system shows',
  move_mount: 'changes what the file system shows',
  open_by_handle_at: 'opens files by number, past the folder tree',
  open_tree: 'changes what the file system shows',
  perf_event_open: 'watches other processes and the kernel',
  pidfd_getfd: 'takes file descriptors of other processes',
  pivot_root: 'changes the root folder',
  process_vm_readv: 'reads memory of other processes',
  process_vm_writev: 'writes memory of other processes',
  ptrace: 'controls other processes',
  quotactl: 'changes disk quotas',
  reboot: 'restarts the machine',
  request_key: 'kernel keyring, not namespaced',
  seccomp: 'adds filters of its own',
  setns: 'enters other namespaces',
  settimeofday: 'sets the clock',
  swapoff: 'turns swap off',
  swapon: 'turns swap on',
  syslog: 'reads the kernel log',
  umount2: 'changes what the file system shows',
  unshare: 'makes new namespaces, and with them capabilities',
  userfaultfd: 'pauses the kernel at a page fault',
  vhangup: 'hangs up the terminal',
};

/** What an attacker gets from a call; undefined for ordinary ones. */
export function notable(name: string): string | undefined {
  return Object.hasOwn(NOTABLE, name) ? NOTABLE[name] : undefined;
}
