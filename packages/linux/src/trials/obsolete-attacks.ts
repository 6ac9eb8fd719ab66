import { type AttackRow, BAD } from './attack-row.ts';

/** Calls that only old or odd programs make: code of the kernel that few look after. */
export const OBSOLETE_ATTACKS: readonly AttackRow[] = [
  {
    id: 'old-loader',
    category: 'obsolete',
    gain: 'code by a loader that nobody uses',
    calls: [['uselib', [BAD], 'EFAULT']],
  },
  {
    id: 'old-file-systems',
    category: 'obsolete',
    gain: 'which file systems the kernel knows and uses',
    calls: [
      ['sysfs', [99, 0, 0], 'EINVAL'],
      ['ustat', [0, BAD], 'EINVAL'],
    ],
  },
];
