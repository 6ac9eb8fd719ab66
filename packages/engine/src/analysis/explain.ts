import type { ActionKind } from '../bpf/action.ts';
import { actionOfWord } from '../bpf/action.ts';
import type { Call } from '../diagram/fields.ts';
import { restrict } from '../diagram/restrict.ts';
import type { Origin, Policy } from '../policy/policy.ts';
import type { Abi } from '../syscalls/arch.ts';

/** A policy's answer for one call, and why. */
export interface Verdict {
  readonly action: ActionKind;
  /** The low 16 bits: the errno of ERRNO, the message of TRACE, si_errno of TRAP; without effect elsewhere. */
  readonly data: number;
  readonly origin: Origin;
}

/** What a call may get, depending on its arguments. */
export interface PossibleVerdict {
  readonly verdict: Verdict;
  /** A call of that number that gets it, all free argument bits zero. */
  readonly example: Call;
}

/**
 * How a policy decides one call.
 * @example
 * ```js
 * import { explainCall, lowerProfile, parseProfile } from '@callgate/engine';
 * const target = { native: 'x86_64', kernel: { major: 6, minor: 12 }, capabilities: [] };
 * const text = '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_ERRNO"}]}';
 * const { value: policy } = lowerProfile(parseProfile(text).value, target);
 * const verdict = explainCall(policy, { arch: policy.abis[0].auditArch, nr: 83, args: [] });
 * verdict.action; // → 'ERRNO'
 * verdict.data; // → 1
 * verdict.origin.because; // → 'rule'
 * ```
 */
export function explainCall(policy: Policy, call: Call): Verdict {
  return verdictOf(policy, policy.diagram.evaluate(policy.reasons, call));
}

/**
 * All that calls of one number may get, by the rule that gives it; what zero arguments get comes first.
 * @example
 * ```js
 * import { abiOf, lowerProfile, numberOf, parseProfile, possibleVerdicts } from '@callgate/engine';
 * import { DOCKER_PROFILE } from '@callgate/engine/stock';
 * const target = { native: 'x86_64', kernel: { major: 6, minor: 12 }, capabilities: [] };
 * const { value: policy } = lowerProfile(parseProfile(DOCKER_PROFILE).value, target);
 * const verdicts = possibleVerdicts(policy, abiOf('x86_64'), numberOf('x86_64', 'personality'));
 * new Set(verdicts.map(({ verdict }) => verdict.action)).size; // → 2
 * ```
 */
export function possibleVerdicts(policy: Policy, abi: Abi, nr: number): PossibleVerdict[] {
  const { diagram } = policy;
  const node = restrict(diagram, policy.reasons, abi.auditArch, nr);
  return [...diagram.witnesses(node)].map(([word, example]) => ({
    verdict: verdictOf(policy, word),
    example: { ...example, arch: abi.auditArch, nr },
  }));
}

function verdictOf(policy: Policy, originIndex: number): Verdict {
  const action = actionOfWord(policy.words[originIndex]);
  return { action: action.kind, data: action.data, origin: policy.origins[originIndex] };
}
