import type { Dialect } from './dialect.ts';
import { runc } from './runc.ts';

/** No runtime: a profile that says what it seems to say, or none. Without a stub. */
export function strict(reads: Dialect['reads']): Dialect {
  return { ...runc(), name: 'strict', reads, strayErrno: 'refused', stub: 'none', strict: true };
}
