import type { Verdict } from '../../analysis/explain.ts';
import { executes } from '../../bpf/action.ts';
import { advice } from '../../diagnostics/diagnostic.ts';
import { smallestCall } from '../../diagram/call-set.ts';
import { Diagram } from '../../diagram/diagram.ts';
import { argument as argumentField, half } from '../../diagram/fields.ts';
import { forget } from '../../diagram/forget.ts';
import { numberOf } from '../../syscalls/lookup.ts';
import { type ConditionalCall, conditionalCalls } from '../conditional-calls.ts';
import type { Judged } from '../judged.ts';
import type { Found, PolicyRule } from '../policy-rule.ts';

const ONES = 0xffff_ffffn;

/** A negative number stands in a register in two ways. */
export const missesNegative: PolicyRule = {
  code: 'misses-negative',
  severity: 'medium',
  about:
    'A negative number in an argument of 32 bits may fill the 64 bits of the register or the lower half alone, as the compiler likes. The profile allows one of the two, so that the same program passes here and fails there; or it denies one of the two, and a program that has the other passes.',
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
      const found = oneForm(
        judged,
        { abi, name, argument, prototype, place },
        smallestCall(diagram, onlyOne)!.args,
      );
      if (found) yield found;
    }
  },
};

/** What is to be said of a negative number of which one form passes. */
function oneForm(judged: Judged, call: ConditionalCall, args: readonly bigint[]): Found | undefined {
  const { abi, name, argument, prototype, place } = call;
  const low = args[argument] & ONES;
  const forms = [low, (ONES << 32n) | low];
  const verdictOf = (value: bigint) => judged.verdict(abi, name, args.with(argument, value));
  const failing = forms.findIndex((value) => !executes(verdictOf(value).action));
  const [fails, passes] = [forms[failing], forms[1 - failing]];
  const isHole = isDeniedOnPurpose(verdictOf(fails), argument);
  // Where any other upper half passes, too, compares-unused-bits says so.
  if (isHole && fails === low && executes(verdictOf((1n << 32n) | low).action)) return undefined;
  const called = `${name} with ${prototype[argument].name} ${BigInt.asIntN(32, low)}`;
  return {
    ...(isHole && { severity: 'critical' as const }),
    message: isHole
      ? `${called} is denied as 0x${fails.toString(16)} alone: as 0x${passes.toString(16)}, which is the same to the kernel, it passes`
      : `${called} passes as 0x${passes.toString(16)} alone: a program that passes it as 0x${fails.toString(16)} fails`,
    place,
    witness: {
      arch: abi.name,
      nr: numberOf(abi.name, name)!,
      args: args.with(argument, isHole ? passes : fails),
    },
    fix: advice(
      'compare 32 bits: "op": "SCMP_CMP_MASKED_EQ", "value": 4294967295, and the lower half in "valueTwo"',
    ),
    mend: { kind: 'compare-low-half', place },
  };
}

/** Whether a rule picks the number to deny it; else one form was to pass, and programs have the other. */
function isDeniedOnPurpose({ origin }: Verdict, argument: number): boolean {
  const picks = ['EQ', 'MASKED_EQ', 'GE', 'GT'];
  return (
    origin.because === 'rule' &&
    origin.rule.conditions.some(
      (condition) => condition.argument === argument && picks.includes(condition.operator),
    )
  );
}
