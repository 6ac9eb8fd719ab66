import { type Decision, decideAlike } from '../diagram/decision.ts';
import type { NodeId } from '../diagram/diagram.ts';
import type { CallRules, RuleOrigin } from '../libseccomp/call-rule.ts';
import type { Abi } from '../syscalls/arch.ts';

/** Why a call is decided as it is. */
export type Origin =
  | { readonly because: 'default' }
  | { readonly because: 'bad-arch' }
  | { readonly because: 'enosys-stub' }
  /** The policy was lifted from a program, whose rules nobody knows. */
  | { readonly because: 'filter' }
  | RuleOrigin;

/** What a profile means on a target: a decision for every call that the kernel could be asked, in SECCOMP_RET_* words. */
export interface Policy extends Decision {
  /** The same decisions with their reasons: terminals are indices into `origins`. */
  readonly reasons: NodeId;
  readonly origins: readonly Origin[];
  /** The SECCOMP_RET_* word of each origin. */
  readonly words: readonly number[];
  /** The ABIs that the filter knows, the native one first. Where it was lowered, a call of any other kills the thread. */
  readonly abis: readonly Abi[];
  readonly endian: 'little' | 'big';
  /** As `reasons`, for the policy without the runtime's stub. */
  readonly stubless: NodeId;
  /** By the node that decides a call: the rules that say so, where there are several. Empty for what was lifted. */
  readonly rules: ReadonlyMap<NodeId, CallRules>;
}

/**
 * Whether two policies decide every possible call alike. Exact: true is a proof, and so is false.
 * @example
 * ```js
 * import { arePoliciesEqual, lowerProfile, parseProfile } from '@callgate/engine';
 * const target = { native: 'x86_64', kernel: { major: 6, minor: 12 }, capabilities: [] };
 * const meaning = (text) => lowerProfile(parseProfile(text).value, target).value;
 * const [allow, log] = ['ALLOW', 'LOG'].map((action) => meaning(`{"defaultAction": "SCMP_ACT_${action}"}`));
 * arePoliciesEqual(allow, log); // → false
 * arePoliciesEqual(allow, meaning('defaultAction: SCMP_ACT_ALLOW')); // → true
 * ```
 */
export function arePoliciesEqual(a: Policy, b: Policy): boolean {
  return decideAlike(a, b);
}

/** What libseccomp's own filter decides of a policy, before which the runtime puts its stub. */
export function withoutStub(policy: Policy): Policy {
  const { diagram, stubless, words } = policy;
  return { ...policy, reasons: stubless, root: diagram.map(stubless, (origin) => words[origin]) };
}

/** Every ABI that one of two policies covers, the first one's first. */
export function abisOf(a: Policy, b: Policy): Abi[] {
  return [...new Set([...a.abis, ...b.abis])];
}
