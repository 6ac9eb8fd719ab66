import { type AttackRow, BAD, NO_FD } from './attack-row.ts';

const NO_FLAGS = 0xffff;
const BPF_PROG_LOAD = 5;
const PERF_FLAG_PID_CGROUP = 4;
/** Whose first argument says "write", whose last one a size that is wrong. */
const LDT_WRITE = 0x11;
const SYSLOG_ACTION_READ_ALL = 3;

/** Code in the kernel, and the parts of it where the faults were found that attackers use. */
export const KERNEL_ATTACKS: readonly AttackRow[] = [
  {
    id: 'kernel-module',
    category: 'kernel',
    gain: 'a module in the kernel',
    right: 'CAP_SYS_MODULE',
    calls: [
      ['init_module', [BAD, 0, BAD], 'ENOEXEC'],
      ['finit_module', [NO_FD, BAD, NO_FLAGS], ['EINVAL', 'EBADF']],
      ['delete_module', [BAD, 0], 'EFAULT'],
    ],
  },
  {
    id: 'other-kernel',
    category: 'kernel',
    gain: 'another kernel at the next start',
    right: 'CAP_SYS_BOOT',
    calls: [
      ['kexec_load', [0, NO_FLAGS, BAD, NO_FLAGS], 'EINVAL'],
      ['kexec_file_load', [NO_FD, NO_FD, 0, BAD, NO_FLAGS], 'EINVAL'],
    ],
  },
  {
    id: 'bpf',
    category: 'kernel',
    gain: 'a program in the kernel',
    // A program without instructions.
    calls: [['bpf', [BPF_PROG_LOAD, 'zeros', 48], ['E2BIG', 'EFAULT', 'EINVAL']]],
  },
  {
    id: 'perf',
    category: 'kernel',
    gain: 'counters of the kernel and of others, which tell secrets',
    calls: [['perf_event_open', ['zeros', -1, -1, NO_FD, PERF_FLAG_PID_CGROUP], 'EINVAL']],
  },
  {
    id: 'io-uring',
    category: 'kernel',
    gain: 'calls that no filter sees',
    calls: [['io_uring_setup', [0, BAD], 'EFAULT']],
  },
  {
    id: 'userfaultfd',
    category: 'kernel',
    gain: 'a pause inside the kernel, to win races',
    calls: [['userfaultfd', [4], 'EINVAL']],
  },
  {
    id: 'keyring',
    category: 'kernel',
    gain: 'keys that the kernel keeps for others',
    calls: [
      ['keyctl', [NO_FLAGS, 0, 0, 0, 0], 'EOPNOTSUPP'],
      ['add_key', [BAD, BAD, 0, 0, 0], 'EFAULT'],
      ['request_key', [BAD, BAD, 0, 0], 'EFAULT'],
    ],
  },
  {
    id: 'kernel-log',
    category: 'kernel',
    gain: 'what the kernel has logged, addresses among it',
    calls: [['syslog', [SYSLOG_ACTION_READ_ALL, 0, -1], 'EINVAL']],
  },
  {
    id: 'segments',
    category: 'kernel',
    gain: 'segments of its own, an old source of kernel faults',
    // Its errno comes as an unsigned number of 32 bits, which is no failure on 64 (arch/x86/kernel/ldt.c).
    calls: [['modify_ldt', [LDT_WRITE, BAD, 0], ['EINVAL', 'ok']]],
  },
  {
    id: 'io-ports',
    category: 'kernel',
    gain: 'the hardware, past the kernel',
    right: 'CAP_SYS_RAWIO',
    // For the port of the self test, which nobody touches here, and for a process that ends at once.
    calls: [
      ['ioperm', [0x80, 1, 1], 'ok'],
      ['iopl', [3], 'ok'],
    ],
  },
];
