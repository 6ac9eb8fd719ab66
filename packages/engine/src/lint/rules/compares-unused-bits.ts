import { advice } from '../../diagnostics/diagnostic.ts';
import { type CallSet, smallestCall } from '../../diagram/call-set.ts';
import { Diagram, DiagramTooLarge } from '../../diagram/diagram.ts';
import { argument as argumentField, type Field } from '../../diagram/fields.ts';
import { forget } from '../../diagram/forget.ts';
import { formatArgument } from '../../syscalls/arguments.ts';
import { numberOf } from '../../syscalls/lookup.ts';
import { type ConditionalCall, conditionalCalls } from '../conditional-calls.ts';
import type { Judged } from '../judged.ts';
import type { Found, PolicyRule } from '../policy-rule.ts';

/** Of a diagram, to find one call. */
const MOST_NODES = 1 << 18;
const MOST_STEPS = 1 << 20;

/** The filter compares 64 bits where the kernel looks at fewer. */
export const comparesUnusedBits: PolicyRule = {
  code: 'compares-unused-bits',
  severity: 'critical',
  about:
    'The filter compares bits of an argument at which the kernel does not look, such as the upper half of an int. A program sets one of them, and the call that is denied passes.',
  *find(judged) {
    const told = new Set<string>();
    for (const call of conditionalCalls(judged)) {
      const found = told.has(call.name) ? undefined : passingTwin(judged, call);
      if (!found) continue;
      told.add(call.name);
      yield found;
    }
  },
};

/** How many bits of an argument the kernel looks at; undefined: all that the filter compares, or it is not known. */
function bitsOf({ abi, name, argument, prototype }: ConditionalCall): 16 | 32 | undefined {
  const declared = prototype[argument];
  if (abi.bits !== 64 || !declared || declared.kind === 'pointer' || declared.kind === 'path')
    return undefined;
  // kernel/fork.c: the flags of clone are an unsigned long of which the low 32 bits count.
  if (name === 'clone' && declared.kind === 'flags') return 32;
  return declared.bits === 16 || declared.bits === 32 ? declared.bits : undefined;
}

/** A call that passes, and does what one that is denied would do. */
function passingTwin(judged: Judged, call: ConditionalCall): Found | undefined {
  const { abi, name, argument, prototype, place } = call;
  const bits = bitsOf(call);
  if (bits === undefined) return undefined;
  const { diagram } = judged.policy;
  const whole = argumentField(argument);
  const upper: Field = { first: whole.first, bits: 64 - bits };
  const lower: Field = { first: whole.first + 64 - bits, bits };
  const ones = (1n << BigInt(upper.bits)) - 1n;
  const plain = diagram.equals(upper, 0);
  // What programs pass for a negative number is no trick.
  const extended = diagram.and(diagram.equals(upper, ones), diagram.atLeast(lower, 1n << BigInt(bits - 1)));
  const tricks = diagram.and(judged.passing(abi, name)!, diagram.not(diagram.or(plain, extended)));
  const twins = unlessTooLarge(() =>
    diagram.within(MOST_NODES, MOST_STEPS, () =>
      diagram.and(diagram.and(plain, judged.denied(abi, name)!), forget(diagram, tricks, upper)),
    ),
  );
  if (twins === Diagram.FALSE) return undefined;
  const denied = smallestCall(diagram, twins)!.args;
  const alike = denied.reduce((set, value, i) => {
    const compared = i === argument ? lower : argumentField(i);
    return diagram.and(set, diagram.equals(compared, value));
  }, tricks);
  const { args } = smallestCall(diagram, alike)!;
  const declared = prototype[argument];
  const { origin } = judged.verdict(abi, name, denied);
  return {
    // Where no rule denies it, what passes is what the profile was to allow, and a little more.
    severity: origin.because === 'rule' ? 'critical' : 'high',
    message: `${name} with ${declared.name} ${formatArgument(declared, denied[argument], denied)} is denied; with 0x${args[argument].toString(16)} it passes, and the kernel, which takes the low ${bits} bits, does the same`,
    place,
    witness: { arch: abi.name, nr: numberOf(abi.name, name)!, args },
    fix: advice(
      `compare ${bits} bits: "op": "SCMP_CMP_MASKED_EQ", "value": ${2 ** bits - 1}, and in "valueTwo" what is denied, or each value that is allowed`,
    ),
    mend: { kind: 'compare-low-half', place },
  };
}

function unlessTooLarge(find: () => CallSet): CallSet {
  try {
    return find();
  } catch (fault) {
    if (fault instanceof DiagramTooLarge) return Diagram.FALSE;
    throw fault;
  }
}
