import { isBefore, type Release } from '../target.ts';
import type { Dialect } from './dialect.ts';
import { runc } from './runc.ts';

/** moby's profiles/seccomp copied keys one by one before, and not all. */
const FIRST_WITH_ALL_KEYS: Release = [23, 0, 0];

/** Docker's profiles/seccomp resolves its form; runc gets what is left. The release is Docker's; runc is a current one. */
export function docker(release?: Release): Dialect {
  const forgets = isBefore(release, FIRST_WITH_ALL_KEYS)
    ? (['defaultErrnoRet', 'flags', 'listenerPath'] as const)
    : [];
  return { ...runc(), name: 'docker', reads: 'docker', forgets };
}
