import { advice } from '../../diagnostics/diagnostic.ts';
import type { Spanned } from '../../diagnostics/span.ts';
import { Diagram } from '../../diagram/diagram.ts';
import type { Abi } from '../../syscalls/arch.ts';
import { numberOf } from '../../syscalls/lookup.ts';
import { deniedSiblings, passingWithEffect } from '../denied-siblings.ts';
import type { Judged } from '../judged.ts';
import { inWords } from '../listed.ts';
import type { Found, PolicyRule } from '../policy-rule.ts';
import type { Siblings } from '../siblings.ts';

/** What a rule denies has another name on another ABI, and passes there. */
export const otherAbiPasses: PolicyRule = {
  code: 'other-abi-passes',
  severity: 'high',
  about:
    'A rule denies a call, but another ABI that the profile covers has one of another name that does the same, such as umount or chown32 on x86, and that passes. A program of that ABI has the effect.',
  *find(judged) {
    for (const { denied, siblings } of deniedSiblings(judged)) {
      const other = passingElsewhere(judged, siblings);
      if (other && !passesHere(judged, siblings)) yield found(judged, denied, siblings, other);
    }
  },
};

/** Calls of an ABI that the native one has not. */
interface Elsewhere {
  readonly abi: Abi;
  readonly names: readonly string[];
}

/** The first ABI on which calls of other names pass and have the effect. */
function passingElsewhere(judged: Judged, { calls, effect }: Siblings): Elsewhere | undefined {
  const { native, policy } = judged;
  const foreign = calls.filter(
    (name) => numberOf(native.name, name) === undefined && judged.isInKernel(name),
  );
  return policy.abis
    .map((abi) => ({
      abi,
      names: foreign.filter((name) => passingWithEffect(judged, abi, effect, name) !== Diagram.FALSE),
    }))
    .find(({ names }) => names.length > 0);
}

/** Whether a call of the native ABI does it as well: sibling-passes says so. */
function passesHere(judged: Judged, { calls, effect }: Siblings): boolean {
  const has = (name: string) => passingWithEffect(judged, judged.native, effect, name) !== Diagram.FALSE;
  return calls.some((name) => judged.isInKernel(name) && has(name));
}

function found(
  judged: Judged,
  denied: readonly Spanned<string>[],
  { effect, isGuarded }: Siblings,
  { abi, names }: Elsewhere,
): Found {
  const [first] = names;
  const passing = passingWithEffect(judged, abi, effect, first);
  return {
    ...(!isGuarded && { severity: 'low' as const }),
    message: `${inWords(denied.map(({ value }) => value))} ${denied.length > 1 ? 'are' : 'is'} denied, but ${names.length > 1 ? 'each of ' : ''}${inWords(names)} on ${abi.name} ${effect}, too, and passes`,
    place: denied[0].span,
    witness: judged.witness(abi, first, passing),
    fix: advice(`deny ${inWords(names)}, too, or leave ${abi.name} out of the architectures`),
  };
}
