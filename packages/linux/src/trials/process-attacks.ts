import { type AttackRow, BAD, NO_FD } from './attack-row.ts';

const NO_FLAGS = 0xff;
const NOBODY = 0;
const PTRACE_ATTACH = 16;
const ADDR_NO_RANDOMIZE = 0x40000;
const TIOCSTI = 0x5412;
const TIOCLINUX = 0x541c;

/** What reaches into other processes, or makes an attack on one's own easier. */
export const PROCESS_ATTACKS: readonly AttackRow[] = [
  {
    id: 'other-process',
    category: 'processes',
    gain: 'other processes, their memory and files',
    calls: [
      ['ptrace', [PTRACE_ATTACH, NOBODY, 0, 0], 'ESRCH'],
      ['process_vm_readv', [NOBODY, 0, 0, 0, 0, 1], 'EINVAL'],
      ['process_vm_writev', [NOBODY, 0, 0, 0, 0, 1], 'EINVAL'],
      ['pidfd_getfd', [NO_FD, 0, NO_FLAGS], 'EINVAL'],
    ],
  },
  {
    id: 'compare-processes',
    category: 'processes',
    gain: 'where objects of the kernel lie, by comparing them',
    calls: [['kcmp', [NOBODY, NOBODY, NO_FLAGS, 0, 0], ['ESRCH', 'EINVAL']]],
  },
  {
    id: 'memory-advice',
    category: 'processes',
    gain: 'memory of another process thrown out or slowed down',
    calls: [['process_madvise', [NO_FD, BAD, 0, 0, NO_FLAGS], ['EINVAL', 'EBADF']]],
  },
  {
    id: 'memory-placement',
    category: 'processes',
    gain: 'where memory lies, to share hardware with a victim',
    calls: [
      ['mbind', [BAD, 0, NO_FLAGS, 0, 0, 0xff00], 'EINVAL'],
      ['set_mempolicy', [NO_FLAGS, 0, 0], 'EINVAL'],
      ['set_mempolicy_home_node', [BAD, 0, 0, 1], 'EINVAL'],
      ['migrate_pages', [NOBODY, 0, BAD, BAD], 'EINVAL'],
      ['move_pages', [NOBODY, 0, 0, 0, 0, NO_FLAGS & ~6], 'EINVAL'],
    ],
  },
  {
    id: 'no-randomization',
    category: 'processes',
    gain: 'addresses that can be guessed, in what it starts',
    calls: [['personality', [ADDR_NO_RANDOMIZE], 'ok']],
  },
  {
    id: 'terminal-input',
    category: 'processes',
    gain: 'commands typed into your terminal',
    calls: [
      ['ioctl', [NO_FD, TIOCSTI, BAD], 'EBADF'],
      ['ioctl', [NO_FD, TIOCLINUX, BAD], 'EBADF'],
    ],
  },
];
