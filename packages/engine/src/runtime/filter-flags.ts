import type { Profile } from '../profile/profile.ts';

/** SECCOMP_FILTER_FLAG_* of linux/seccomp.h. */
export const FLAG_LOG = 2;
export const FLAG_SPEC_ALLOW = 4;
export const FLAG_NEW_LISTENER = 8;
export const FLAG_WAIT_KILLABLE_RECV = 32;

/**
 * The SECCOMP_FILTER_FLAG_* bits LOG (2) and SPEC_ALLOW (4) with which runc installs a profile's filter: SPEC_ALLOW if the
 * profile has no key `flags`, or lists it; LOG if it lists it, or `log` asks for it. Other flags are the caller's. A filter
 * that comes from no profile is installed as if that had no `flags`.
 * @example
 * ```js
 * import { filterFlags, parseProfile } from '@callgate/engine';
 * filterFlags(parseProfile('{"defaultAction": "SCMP_ACT_ALLOW"}').value, false); // → 4
 * ```
 */
export function filterFlags(profile: Profile | undefined, log: boolean): number {
  const named = new Set(profile?.flags.map((flag) => flag.value));
  const spec = !profile?.hasFlags || named.has('SECCOMP_FILTER_FLAG_SPEC_ALLOW');
  return (log || named.has('SECCOMP_FILTER_FLAG_LOG') ? FLAG_LOG : 0) | (spec ? FLAG_SPEC_ALLOW : 0);
}
