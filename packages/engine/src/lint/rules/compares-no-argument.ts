import { advice } from '../../diagnostics/diagnostic.ts';
import { type ConditionalCall, decidingArguments } from '../conditional-calls.ts';
import type { PolicyRule } from '../policy-rule.ts';

/** Behind a call's last argument stands what happens to be in a register. */
export const comparesNoArgument: PolicyRule = {
  code: 'compares-no-argument',
  severity: 'high',
  about:
    'A condition compares an argument that the call does not have: whatever happens to be in that register decides.',
  *find(judged) {
    const isBehind = ({ argument, prototype }: ConditionalCall) => argument >= prototype.length;
    for (const { abi, name, argument, place } of decidingArguments(judged, isBehind))
      yield {
        message: `${name} has no argument ${argument}: whatever a program left in that register decides`,
        place,
        witness: judged.passingWitness(abi, name),
        fix: advice('arguments are counted from 0'),
      };
  },
};
