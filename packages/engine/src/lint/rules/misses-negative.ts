import { executes } from '../../bpf/action.ts';
import { advice } from '../../diagnostics/diagnostic.ts';
import { smallestCall } from '../../diagram/call-set.ts';
import { Diagram } from '../../diagram/diagram.ts';
import { argument as argumentField, half } from '../../diagram/fields.ts';
import { forget } from '../../diagram/forget.ts';
import { numberOf } from '../../syscalls/lookup.ts';
import { conditionalCalls } from '../conditional-calls.ts';
import type { PolicyRule } from '../policy-rule.ts';

/** A negative number stands in a register in two ways. */
export const missesNegative: PolicyRule = {
  code: 'misses-negative',
  severity: 'medium',
  about:
    'A negative number in an argument of 32 bits may fill the 64 bits of the register or the lower half alone, as the compiler likes. The profile allows one of the two, so that the same program passes here and fails there.',
  *find(judged) {
    const { diagram } = judged.policy;
    const seen = new Set<number>();
    for (const { abi, name, argument, prototype, place } of conditionalCalls(judged)) {
      const declared = prototype[argument];
      if (abi.bits !== 64 || declared?.bits !== 32 || !declared.signed || seen.has(place.start)) continue;
      const passing = judged.passing(abi, name)!;
      const field = argumentField(argument);
      const [upper, lower] = [half(field, 'high'), half(field, 'low')];
      const negative = diagram.atLeast(lower, 0x8000_0000);
      const form = (high: number) =>
        forget(diagram, diagram.and(diagram.and(passing, negative), diagram.equals(upper, high)), upper);
      const [plain, extended] = [form(0), form(0xffff_ffff)];
      const onlyOne = diagram.or(
        diagram.and(plain, diagram.not(extended)),
        diagram.and(extended, diagram.not(plain)),
      );
      if (onlyOne === Diagram.FALSE) continue;
      seen.add(place.start);
      const { args } = smallestCall(diagram, onlyOne)!;
      const low = args[argument] & 0xffff_ffffn;
      const forms = [low, (0xffff_ffffn << 32n) | low];
      const failing = forms.findIndex(
        (value) => !executes(judged.verdict(abi, name, args.with(argument, value)).action),
      );
      yield {
        message: `${name} with ${declared.name} ${BigInt.asIntN(32, low)} passes as 0x${forms[1 - failing].toString(16)} alone: a program that passes it as 0x${forms[failing].toString(16)} fails`,
        place,
        witness: { arch: abi.name, nr: numberOf(abi.name, name)!, args: args.with(argument, forms[failing]) },
        fix: advice(
          'compare 32 bits: "op": "SCMP_CMP_MASKED_EQ", "value": 4294967295, and the lower half in "valueTwo"',
        ),
        mend: { kind: 'compare-low-half', place },
      };
    }
  },
};
