import { advice } from '../../diagnostics/diagnostic.ts';
import { Diagram } from '../../diagram/diagram.ts';
import { argument as argumentField } from '../../diagram/fields.ts';
import { dependsOn } from '../../diagram/forget.ts';
import { conditionalCalls } from '../conditional-calls.ts';
import type { PolicyRule } from '../policy-rule.ts';

/** Behind a call's last argument stands what happens to be in a register. */
export const comparesNoArgument: PolicyRule = {
  code: 'compares-no-argument',
  severity: 'high',
  about:
    'A condition compares an argument that the call does not have: whatever happens to be in that register decides.',
  *find(judged) {
    const seen = new Set<number>();
    for (const { abi, name, argument, prototype, place } of conditionalCalls(judged)) {
      if (argument < prototype.length || seen.has(place.start) || abi.bits !== 64) continue;
      if (!dependsOn(judged.policy.diagram, judged.decision(abi, name)!, argumentField(argument))) continue;
      const passing = judged.passing(abi, name)!;
      seen.add(place.start);
      yield {
        message: `${name} has no argument ${argument}: whatever a program left in that register decides`,
        place,
        ...(passing !== Diagram.FALSE && { witness: judged.witness(abi, name, passing) }),
        fix: advice('arguments are counted from 0'),
      };
    }
  },
};
