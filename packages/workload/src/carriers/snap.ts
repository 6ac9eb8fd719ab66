import type { Carrier } from './carrier.ts';
import { readSnap } from './snap/read.ts';

/** A template that snap-seccomp makes a filter of, as snapd writes them for snaps. */
export const snap: Carrier = {
  id: 'snap',
  about: "snap-seccomp's list of calls for a snap",
  enforcer: 'sandbox',
  read: readSnap,
};
