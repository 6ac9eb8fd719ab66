import type { Carrier } from './carrier.ts';
import { readUnit } from './systemd/read.ts';
import { writeDropIn } from './systemd/write.ts';

/** SystemCallFilter= and its like in a unit or a drop-in of systemd, systemd.exec(5). */
export const systemd: Carrier = {
  id: 'systemd',
  about: 'SystemCallFilter= of a systemd unit or drop-in',
  enforcer: 'sandbox',
  read: readUnit,
  write: writeDropIn,
};
