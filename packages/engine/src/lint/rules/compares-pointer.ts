import { advice } from '../../diagnostics/diagnostic.ts';
import { argument as argumentField } from '../../diagram/fields.ts';
import { dependsOn } from '../../diagram/forget.ts';
import { conditionalCalls } from '../conditional-calls.ts';
import type { PolicyRule } from '../policy-rule.ts';

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
      if ((kind !== 'pointer' && kind !== 'path') || seen.has(place.start)) continue;
      if (!dependsOn(judged.policy.diagram, judged.decision(abi, name)!, argumentField(argument))) continue;
      seen.add(place.start);
      yield {
        message: `argument ${argument} of ${name} (${prototype[argument].name}) is a pointer: the condition compares an address, not what stands there`,
        place,
        witness: judged.witness(abi, name, judged.passing(abi, name)),
        fix: advice('decide the call without it'),
      };
    }
  },
};
