import { advice } from '../../diagnostics/diagnostic.ts';
import type { Spanned } from '../../diagnostics/span.ts';
import { Diagram } from '../../diagram/diagram.ts';
import type { Mend } from '../../edit/mend.ts';
import { deniedSiblings, passingWithEffect, withRelease } from '../denied-siblings.ts';
import type { Judged } from '../judged.ts';
import { inWords } from '../listed.ts';
import { havingBits } from '../mends.ts';
import type { Found, PolicyRule } from '../policy-rule.ts';
import { effectArguments, type Siblings } from '../siblings.ts';

/** A call is denied, and another one that does the same passes. */
export const siblingPasses: PolicyRule = {
  code: 'sibling-passes',
  severity: 'high',
  about:
    'A rule denies a call, but another call that does the same passes. Programs that want the effect, and not the call, have it.',
  *find(judged) {
    for (const { denied, siblings } of deniedSiblings(judged)) {
      const found = passingSibling(judged, denied, siblings);
      if (found) yield found;
    }
  },
};

function passingSibling(
  judged: Judged,
  denied: readonly Spanned<string>[],
  { calls, effect, isGuarded, isClosable }: Siblings,
): Found | undefined {
  const { native } = judged;
  const having = (name: string) => passingWithEffect(judged, native, effect, name);
  const passing = calls.filter((name) => judged.isInKernel(name) && having(name) !== Diagram.FALSE);
  const [first] = passing;
  if (first === undefined) return undefined;
  const names = [...new Set(denied.map(({ value }) => value))];
  const others = inWords(passing.map(withRelease));
  const pass = passing.length > 1 ? `each of which ${effect}, pass` : `which ${effect}, too, passes`;
  return {
    ...(!isGuarded && { severity: 'low' as const }),
    message: `${inWords(names)} ${names.length > 1 ? 'are' : 'is'} denied, but ${others}, ${pass}`,
    place: denied[0].span,
    witness: judged.witness(native, first, having(first)),
    fix: advice(`deny ${inWords(passing)}, too${passing.includes('clone3') ? ' (clone3 with ENOSYS)' : ''}`),
    ...(isClosable && { mend: closing(effect, passing) }),
  };
}

/** The others are denied, too, with the arguments that have the effect. */
function closing(effect: string, passing: readonly string[]): Mend {
  return {
    kind: 'decide',
    calls: passing.map((name) => {
      const having = effectArguments(effect, name);
      const conditions =
        having?.values.length === 1 ? [havingBits(having.argument, having.mask, having.values[0])] : [];
      return { names: [name], kind: 'deny', conditions };
    }),
  };
}
