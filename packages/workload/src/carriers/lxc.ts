import type { Carrier } from './carrier.ts';
import { readLxc } from './lxc/read.ts';
import { writeLxc } from './lxc/write.ts';

/** The file that lxc.seccomp.profile names, lxc.container.conf(5). */
export const lxc: Carrier = {
  id: 'lxc',
  about: "LXC's seccomp policy, version 1 and 2",
  enforcer: 'sandbox',
  read: readLxc,
  write: writeLxc,
};
