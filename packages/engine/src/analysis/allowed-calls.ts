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

/** Every known call that the kernel may execute under a policy, by ABI and number; exact, whatever the rules look like. */
export function allowedCalls(policy: Policy): AllowedCall[] {
  return summarize(policy).flatMap(({ abi, calls }) =>
    calls.flatMap(({ name, nr, actions }): AllowedCall[] => {
      const passing = actions.filter(({ action }) => executes(action));
      if (passing.length === 0) return [];
      return [{ arch: abi, name, nr, isConditional: passing.length < actions.length }];
    }),
  );
}
