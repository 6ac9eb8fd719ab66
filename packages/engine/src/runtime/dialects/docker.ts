import type { Release } from '../target.ts';
import type { Dialect } from './dialect.ts';
import { runc } from './runc.ts';

/** Docker's profiles/seccomp resolves its form; runc gets what is left. */
export function docker(release?: Release): Dialect {
  return { ...runc(release), name: 'docker', reads: 'docker' };
}
