import { constants } from 'node:os';
import {
  FLAG_NEW_LISTENER,
  FLAG_SPEC_ALLOW,
  FLAG_WAIT_KILLABLE_RECV,
} from '@callgate/engine/internal/runtime/filter-flags';
import { libc } from '../libc.ts';
import { nativeNumber } from '../machine.ts';

const SECCOMP_SET_MODE_FILTER = 1;
/** Flags that only make a filter better, and that kernels have since Linux 4.17 and 5.19. */
const OPTIONAL = [FLAG_SPEC_ALLOW, FLAG_WAIT_KILLABLE_RECV];

/** SECCOMP_FILTER_FLAG_* bits without the optional ones that this kernel lacks: it would take no filter with them. */
export function knownFlags(flags: number): number {
  return OPTIONAL.filter((flag) => (flags & flag) !== 0 && isUnknownFlag(flag)).reduce(
    (rest, flag) => rest & ~flag,
    flags,
  );
}

/**
 * Whether this kernel lacks a SECCOMP_FILTER_FLAG_* bit. Asked with a filter at no address: of a flag that it lacks it says
 * EINVAL, else EFAULT.
 */
export function isUnknownFlag(flag: number): boolean {
  // A flag of a listener's stands beside the listener alone.
  const together = flag === FLAG_WAIT_KILLABLE_RECV ? flag | FLAG_NEW_LISTENER : flag;
  libc().syscall(nativeNumber('seccomp'), SECCOMP_SET_MODE_FILTER, together, 0);
  return libc().errno() === constants.errno.EINVAL;
}
