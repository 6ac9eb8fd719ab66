import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { Fact } from '../runtime/fact.ts';
import type { AbiName } from '../syscalls/arch.ts';
import { findingsOf } from './rule.ts';
import { RULES } from './rules.ts';

/**
 * What there is to say of the facts that lowering a profile has seen, in the order of the profile. `abis` are those of
 * the policy: what holds on all of them is said without naming any.
 * @example
 * ```js
 * import { lintFacts, lowerProfile, parseProfile } from '@callgate/engine';
 * const target = { native: 'x86_64', kernel: { major: 6, minor: 12 }, capabilities: [] };
 * const { value: profile } = parseProfile(
 *   '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["read"], "action": "SCMP_ACT_ALLOW"}]}',
 * );
 * lintFacts(lowerProfile(profile, target).facts, ['x86_64'])[0].code; // → 'rule-equals-default'
 * ```
 */
export function lintFacts(facts: readonly Fact[], abis: readonly AbiName[]): Diagnostic[] {
  return RULES.flatMap((rule) => findingsOf(rule, facts, abis)).sort((a, b) => a.place.start - b.place.start);
}
