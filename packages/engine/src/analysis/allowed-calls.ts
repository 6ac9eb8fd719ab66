import { executes } from '../bpf/action.ts';
import type { Policy } from '../policy/policy.ts';
import type { AbiName } from '../syscalls/arch.ts';
import { summarize } from './summary.ts';

/** A call that a policy lets pass. */
export interface AllowedCall {
  readonly arch: AbiName;
  readonly name: string;
  readonly nr: number;
  /** It depends on the arguments. */
  readonly isConditional: boolean;
}

/**
 * Every known call that the kernel may execute under a policy, by ABI and number; exact, whatever the rules look like.
 * @example
 * ```js
 * import { allowedCalls, lowerProfile, parseProfile } from '@callgate/engine';
 * const target = { native: 'x86_64', kernel: { major: 6, minor: 12 }, capabilities: [] };
 * const text = '{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["read", "no_such"], "action": "SCMP_ACT_ALLOW"}]}';
 * const { value: profile } = parseProfile(text, { unknownNames: 'skip' });
 * allowedCalls(lowerProfile(profile, target).value).map(({ name }) => name); // → ['read']
 * ```
 */
export function allowedCalls(policy: Policy): AllowedCall[] {
  return summarize(policy).flatMap(({ abi, calls }) =>
    calls.flatMap(({ name, nr, actions }): AllowedCall[] => {
      const passing = actions.filter(({ action }) => executes(action));
      if (passing.length === 0) return [];
      return [{ arch: abi, name, nr, isConditional: passing.length < actions.length }];
    }),
  );
}
