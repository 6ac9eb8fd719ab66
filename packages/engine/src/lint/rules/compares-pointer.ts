import { advice } from '../../diagnostics/diagnostic.ts';
import { Diagram } from '../../diagram/diagram.ts';
import { argument as argumentField } from '../../diagram/fields.ts';
import { dependsOn } from '../../diagram/forget.ts';
import type { Abi } from '../../syscalls/arch.ts';
import { conditionalCalls } from '../conditional-calls.ts';
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
    const seen = new Set<number>();
    for (const { abi, name, argument, prototype, place } of conditionalCalls(judged)) {
      const kind = prototype[argument]?.kind;
      if ((kind !== 'pointer' && kind !== 'path') || seen.has(place.start) || abi.bits !== 64) continue;
      if (!dependsOn(judged.policy.diagram, judged.decision(abi, name)!, argumentField(argument))) continue;
      if (tellsNullAlone(judged, abi, name, argument)) continue;
      const passing = judged.passing(abi, name)!;
      seen.add(place.start);
      yield {
        message: `argument ${argument} of ${name} (${prototype[argument].name}) is a pointer: the condition compares an address, not what stands there`,
        place,
        ...(passing !== Diagram.FALSE && { witness: judged.witness(abi, name, passing) }),
        fix: advice('decide the call without it'),
      };
    }
  },
};

/** Whether no pointer at all is told from any, which says something, and no pointer from another. */
function tellsNullAlone(judged: Judged, abi: Abi, name: string, argument: number): boolean {
  const { diagram } = judged.policy;
  const field = argumentField(argument);
  const some = diagram.not(diagram.equals(field, 0));
  const words = diagram.wordsOf(diagram.choose(some, judged.decision(abi, name)!, diagram.terminal(NOWHERE)));
  return words.filter((word) => word !== NOWHERE).length < 2;
}
