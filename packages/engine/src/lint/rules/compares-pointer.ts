import { advice } from '../../diagnostics/diagnostic.ts';
import { argument as argumentField } from '../../diagram/fields.ts';
import { type ConditionalCall, decidingArguments } from '../conditional-calls.ts';
import type { Judged } from '../judged.ts';
import type { PolicyRule } from '../policy-rule.ts';

/** No SECCOMP_RET_* word. */
const NOWHERE = 1;

/** An address says nothing of what stands there. */
export const comparesPointer: PolicyRule = {
  code: 'compares-pointer',
  severity: 'high',
  about:
    'A condition compares a pointer. A filter sees the address alone, not the path, the name or the structure that stands there, and programs choose their addresses.',
  *find(judged) {
    const isPointer = (call: ConditionalCall) => {
      const kind = call.prototype[call.argument]?.kind;
      return (kind === 'pointer' || kind === 'path') && !tellsNullAlone(judged, call);
    };
    for (const { abi, name, argument, prototype, place } of decidingArguments(judged, isPointer))
      yield {
        message: `argument ${argument} of ${name} (${prototype[argument].name}) is a pointer: the condition compares an address, not what stands there`,
        place,
        witness: judged.passingWitness(abi, name),
        fix: advice('decide the call without it'),
      };
  },
};

/** Whether no pointer at all is told from any, which says something, and no pointer from another. */
function tellsNullAlone(judged: Judged, { abi, name, argument }: ConditionalCall): boolean {
  const { diagram } = judged.policy;
  const field = argumentField(argument);
  const some = diagram.not(diagram.equals(field, 0));
  const words = diagram.wordsOf(diagram.choose(some, judged.decision(abi, name)!, diagram.terminal(NOWHERE)));
  return words.filter((word) => word !== NOWHERE).length < 2;
}
