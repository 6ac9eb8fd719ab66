import type { Carrier } from './carrier.ts';
import { readMinijail } from './minijail/read.ts';
import { writeMinijail } from './minijail/write.ts';

/** A policy file of minijail0 -S, minijail0(5). */
export const minijail: Carrier = {
  id: 'minijail',
  about: "minijail's seccomp policy",
  enforcer: 'sandbox',
  read: readMinijail,
  write: writeMinijail,
};
