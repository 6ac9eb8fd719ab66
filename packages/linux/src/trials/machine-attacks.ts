import { type AttackRow, BAD, type CallRow, NO_FD } from './attack-row.ts';

const CLOCK_REALTIME = 0;
/** Q_SETQUOTA for users (linux/quota.h). */
const SET_QUOTA = 0x80000800;

/** Neither a time nor a time zone: the kernel asks for the right, and has nothing to set. */
const setNoTime: CallRow = ['settimeofday', [0, 0], 'ok'];
const asksAdministrator: CallRow = ['fanotify_init', [0xffffffff, 0], ['EINVAL', 'ENOSYS']];

/** What changes the machine for everybody on it. */
export const MACHINE_ATTACKS: readonly AttackRow[] = [
  {
    id: 'clock',
    category: 'machine',
    gain: 'the clock, and so certificates and logs',
    right: 'CAP_SYS_TIME',
    calls: [
      setNoTime,
      ['clock_settime', [CLOCK_REALTIME, BAD], 'EFAULT', setNoTime],
      ['clock_settime64', [CLOCK_REALTIME, BAD], 'EFAULT', setNoTime],
      ['stime', [BAD], 'EFAULT', setNoTime],
      // It writes its answer back, whether it refuses or not.
      ['adjtimex', [BAD], 'EFAULT', setNoTime],
      ['clock_adjtime', [CLOCK_REALTIME, 'timex'], 'EINVAL'],
      ['clock_adjtime64', [CLOCK_REALTIME, 'timex'], 'EINVAL'],
    ],
  },
  {
    id: 'reboot',
    category: 'machine',
    gain: 'the machine down',
    right: 'CAP_SYS_BOOT',
    calls: [['reboot', [0, 0, 0, 0], 'EINVAL']],
  },
  {
    id: 'swap',
    category: 'machine',
    gain: 'where memory is written to, and that it is',
    right: 'CAP_SYS_ADMIN',
    calls: [
      ['swapon', [BAD, 0], 'EFAULT'],
      ['swapoff', [BAD], 'EFAULT'],
    ],
  },
  {
    id: 'accounting',
    category: 'machine',
    gain: "a record of everybody's processes in a file it chooses",
    right: 'CAP_SYS_PACCT',
    calls: [['acct', [BAD], 'EFAULT']],
  },
  {
    id: 'quota',
    category: 'machine',
    gain: "others' share of the disk",
    right: 'CAP_SYS_ADMIN',
    calls: [
      ['quotactl', [SET_QUOTA, BAD, 0, BAD], 'EFAULT', asksAdministrator],
      ['quotactl_fd', [NO_FD, SET_QUOTA, 0, BAD], 'EBADF', asksAdministrator],
    ],
  },
  {
    id: 'hostname',
    category: 'machine',
    gain: 'another name for the machine',
    right: 'CAP_SYS_ADMIN',
    calls: [
      ['sethostname', [BAD, -1], 'EINVAL'],
      ['setdomainname', [BAD, -1], 'EINVAL'],
    ],
  },
];
