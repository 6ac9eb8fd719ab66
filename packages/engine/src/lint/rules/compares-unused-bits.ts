import { advice } from '../../diagnostics/diagnostic.ts';
import { smallestCall } from '../../diagram/call-set.ts';
import { Diagram, DiagramTooLarge } from '../../diagram/diagram.ts';
import { argument as argumentField, half } from '../../diagram/fields.ts';
import { forget } from '../../diagram/forget.ts';
import { formatArgument } from '../../syscalls/arguments.ts';
import { numberOf } from '../../syscalls/lookup.ts';
import { type ConditionalCall, conditionalCalls } from '../conditional-calls.ts';
import type { Judged } from '../judged.ts';
import type { Found, PolicyRule } from '../policy-rule.ts';

/** Of a diagram, to find one call. */
const MOST_NODES = 1 << 18;
const MOST_STEPS = 1 << 20;

/** The filter compares 64 bits where the kernel looks at 32. */
export const comparesUnusedBits: PolicyRule = {
  code: 'compares-unused-bits',
  severity: 'critical',
  about:
    'The filter compares all 64 bits of an argument of which the kernel looks at the low 32. A program sets one of the others, and the same call passes.',
  *find(judged) {
    for (const call of conditionalCalls(judged)) {
      const argument = call.prototype[call.argument];
      if (call.abi.bits !== 64 || argument?.bits !== 32 || argument.kind === 'pointer') continue;
      const found = passingTwin(judged, call);
      if (found) yield found;
    }
  },
};

/** A call that passes, and does what one that is denied would do. */
function passingTwin(
  judged: Judged,
  { abi, name, argument, prototype, place }: ConditionalCall,
): Found | undefined {
  const { diagram } = judged.policy;
  const field = argumentField(argument);
  const [upper, lower] = [half(field, 'high'), half(field, 'low')];
  const passing = judged.passing(abi, name)!;
  try {
    const plain = diagram.equals(upper, 0);
    // What programs pass for a negative number is no trick.
    const extended = diagram.and(diagram.equals(upper, 0xffff_ffff), diagram.atLeast(lower, 0x8000_0000));
    const tricks = diagram.and(passing, diagram.not(diagram.or(plain, extended)));
    const twins = diagram.within(MOST_NODES, MOST_STEPS, () =>
      diagram.and(diagram.and(plain, diagram.not(passing)), forget(diagram, tricks, upper)),
    );
    if (twins === Diagram.FALSE) return undefined;
    const denied = smallestCall(diagram, twins)!.args;
    const alike = denied.reduce((set, value, i) => {
      const compared = i === argument ? lower : argumentField(i);
      return diagram.and(set, diagram.equals(compared, value));
    }, tricks);
    const { args } = smallestCall(diagram, alike)!;
    const declared = prototype[argument];
    const value = formatArgument(declared, denied[argument], denied);
    return {
      message: `${name} with ${declared.name} ${value} is denied; with 0x${args[argument].toString(16)} it passes, and the kernel, which takes the low 32 bits, does the same`,
      place,
      witness: { arch: abi.name, nr: numberOf(abi.name, name)!, args },
      fix: advice(
        'compare 32 bits: "op": "SCMP_CMP_MASKED_EQ", "value": 4294967295, and the number in "valueTwo"',
      ),
    };
  } catch (fault) {
    if (fault instanceof DiagramTooLarge) return undefined;
    throw fault;
  }
}
