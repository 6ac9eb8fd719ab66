import type { Carrier } from './carrier.ts';
import { readFirejail } from './firejail/read.ts';

/** The seccomp commands of a profile of firejail, firejail-profile(5). */
export const firejail: Carrier = {
  id: 'firejail',
  about: 'the seccomp commands of a firejail profile',
  enforcer: 'sandbox',
  read: readFirejail,
};
