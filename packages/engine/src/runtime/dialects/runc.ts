import { isBefore, type Release } from '../target.ts';
import type { Dialect } from './dialect.ts';

/** Name entries above which runc has libseccomp build a binary tree (libcontainer/seccomp: InitSeccomp). */
const MANY_ENTRIES = 32;

/** The releases that changed what a profile means: runc's CHANGELOG, and runs of 1.1.5 and 1.1.15. */
const FIRST_STUB: Release = [1, 0, 0];
const FIRST_SKIP_OF_DEFAULT: Release = [1, 0, 2];
const FIRST_NATIVE_STUB: Release = [1, 1, 15];
const FIRST_FLAGS_AND_TREE: Release = [1, 2, 0];

/** runc's libcontainer/seccomp, with its ENOSYS stub (patchbpf). */
export function runc(release?: Release): Dialect {
  const since = (first: Release) => !isBefore(release, first);
  return {
    name: 'runc',
    reads: 'oci',
    forgets: [],
    architectures: 'exact',
    needsNames: false,
    strayErrno: 'ignored',
    mostConditions: Infinity,
    checksNotify: true,
    refusesFlags: !since(FIRST_FLAGS_AND_TREE),
    refusesDefaultRules: !since(FIRST_SKIP_OF_DEFAULT),
    stub: since(FIRST_NATIVE_STUB) ? 'all' : since(FIRST_STUB) ? 'listed' : 'none',
    strict: false,
    optimize: (entries) => (entries > MANY_ENTRIES && since(FIRST_FLAGS_AND_TREE) ? 2 : 1),
  };
}
