import type { Dialect } from './dialect.ts';

/** crun's src/libcrun/seccomp.c, from 1.8 on. */
export const crun: Dialect = {
  name: 'crun',
  reads: 'oci',
  forgets: [],
  architectures: 'loose',
  needsNames: true,
  strayErrno: 'refused',
  mostConditions: 6,
  checksNotify: false,
  refusesFlags: false,
  refusesDefaultRules: false,
  stub: 'none',
  strict: false,
  optimize: () => 1,
};
