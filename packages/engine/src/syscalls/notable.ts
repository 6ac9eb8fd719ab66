/** What calls give away, by what they reach. */
export const NOTABLE_CATEGORIES = [
  'the kernel',
  'other processes',
  'file systems',
  'namespaces',
  'keys',
  'the machine',
] as const;
export type NotableCategory = (typeof NOTABLE_CATEGORIES)[number];

/**
 * Calls that a hardened workload seldom needs and an attacker likes, and what they give away, in a few words.
 * Sources: man pages of each call, capabilities(7), Docker's list of calls blocked by default.
 */
const NOTABLE: Readonly<Record<NotableCategory, Readonly<Record<string, string>>>> = {
  'the kernel': {
    bpf: 'loads programs into the kernel',
    delete_module: 'unloads kernel modules',
    finit_module: 'loads kernel modules',
    init_module: 'loads kernel modules',
    ioperm: 'gives access to I/O ports',
    iopl: 'gives access to I/O ports',
    kexec_file_load: 'replaces the running kernel',
    kexec_load: 'replaces the running kernel',
    perf_event_open: 'watches other processes and the kernel',
    io_uring_setup: 'does file and network calls that no filter sees',
    seccomp: 'adds filters of its own',
    userfaultfd: 'pauses the kernel at a page fault',
  },
  'other processes': {
    kcmp: 'compares kernel objects of processes',
    pidfd_getfd: 'takes file descriptors of other processes',
    process_vm_readv: 'reads memory of other processes',
    process_vm_writev: 'writes memory of other processes',
    ptrace: 'controls other processes',
  },
  'file systems': {
    chroot: 'changes the root folder',
    mount: 'changes what the file system shows',
    mount_setattr: 'changes what the file system shows',
    move_mount: 'changes what the file system shows',
    open_by_handle_at: 'opens files by number, past the folder tree',
    open_tree: 'changes what the file system shows',
    pivot_root: 'changes the root folder',
    umount2: 'changes what the file system shows',
  },
  namespaces: {
    clone3: 'flags hide behind a pointer, so user namespaces cannot be told apart',
    setns: 'enters other namespaces',
    unshare: 'makes new namespaces, and with them capabilities',
  },
  keys: {
    add_key: 'kernel keyring, not namespaced',
    keyctl: 'kernel keyring, not namespaced',
    request_key: 'kernel keyring, not namespaced',
  },
  'the machine': {
    quotactl: 'changes disk quotas',
    reboot: 'restarts the machine',
    settimeofday: 'sets the clock',
    swapoff: 'turns swap off',
    swapon: 'turns swap on',
    syslog: 'reads the kernel log',
    vhangup: 'hangs up the terminal',
  },
};

const CATEGORY_OF = new Map(
  NOTABLE_CATEGORIES.flatMap((category) => Object.keys(NOTABLE[category]).map((name) => [name, category])),
);

/** What an attacker gets from a call; undefined for ordinary ones. */
export function notable(name: string): string | undefined {
  const category = CATEGORY_OF.get(name);
  return category && NOTABLE[category][name];
}

/** All calls that an attacker likes, with what they reach, by category. */
export function notableCallsByCategory(): { category: NotableCategory; name: string; why: string }[] {
  return NOTABLE_CATEGORIES.flatMap((category) =>
    Object.entries(NOTABLE[category]).map(([name, why]) => ({ category, name, why })),
  );
}
