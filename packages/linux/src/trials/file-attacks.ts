import { type AttackRow, BAD, HERE, NO_FD } from './attack-row.ts';

const SETUID_FOR_ALL = 0o4755;
/** A device for characters with number 1:1, which is the memory of the machine. */
const DEVICE = 0o20600;
const MEMORY = 0x101;

/** What stays on the disk when the attacker has gone, and what runs that was not there before. */
export const FILE_ATTACKS: readonly AttackRow[] = [
  {
    id: 'make-directory',
    category: 'files',
    gain: 'a foothold on the disk',
    calls: [
      ['mkdir', [BAD, 0o755], 'EFAULT'],
      ['mkdirat', [HERE, BAD, 0o755], 'EFAULT'],
    ],
  },
  {
    id: 'setuid-file',
    category: 'files',
    gain: 'a program with the setuid bit',
    calls: [
      ['chmod', [BAD, SETUID_FOR_ALL], 'EFAULT'],
      ['fchmod', [NO_FD, SETUID_FOR_ALL], 'EBADF'],
      ['fchmodat', [HERE, BAD, SETUID_FOR_ALL], 'EFAULT'],
      ['fchmodat2', [HERE, BAD, SETUID_FOR_ALL, 0], 'EFAULT'],
    ],
  },
  {
    id: 'device-node',
    category: 'files',
    gain: 'a device file, such as the disk',
    calls: [
      ['mknod', [BAD, DEVICE, MEMORY], 'EFAULT'],
      ['mknodat', [HERE, BAD, DEVICE, MEMORY], 'EFAULT'],
    ],
  },
  {
    id: 'run-program',
    category: 'files',
    gain: 'another program, such as a shell',
    calls: [
      ['execve', [BAD, 0, 0], 'EFAULT'],
      ['execveat', [HERE, BAD, 0, 0, 0], 'EFAULT'],
    ],
  },
  {
    id: 'fileless-program',
    category: 'files',
    gain: 'a program that no scanner of files finds',
    calls: [['memfd_create', [BAD, 0], 'EFAULT']],
  },
];
