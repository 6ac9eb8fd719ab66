import type { Verdict } from '../../analysis/explain.ts';
import { freedomOf } from '../../bpf/action.ts';
import { advice } from '../../diagnostics/diagnostic.ts';
import type { Spanned } from '../../diagnostics/span.ts';
import type { CallSet } from '../../diagram/call-set.ts';
import { Diagram } from '../../diagram/diagram.ts';
import { argument as argumentField } from '../../diagram/fields.ts';
import { compareKernels, parseKernel, type Rule } from '../../profile/profile.ts';
import { ENOSYS } from '../../runtime/enosys-stub.ts';
import { sinceOf } from '../../syscalls/arguments.ts';
import type { Judged } from '../judged.ts';
import { denying } from '../mends.ts';
import type { Found, PolicyRule } from '../policy-rule.ts';
import { effectArguments, SIBLINGS, type Siblings } from '../siblings.ts';

/** A call is denied, and another one that does the same passes. */
export const siblingPasses: PolicyRule = {
  code: 'sibling-passes',
  severity: 'high',
  about:
    'A rule denies a call, but another call that does the same passes. Programs that want the effect, and not the call, have it.',
  *find(judged) {
    for (const rule of judged.profile.rules)
      for (const siblings of SIBLINGS) {
        const denied = rule.names.filter(
          ({ value }) => siblings.calls.includes(value) && isDeniedBy(judged, rule, value, siblings),
        );
        const found = denied.length > 0 && passingSibling(judged, denied, siblings);
        if (found) yield found;
      }
  },
};

/** Whether a rule is what keeps a call from being made, whatever its arguments, and not to make libc take an older one. */
function isDeniedBy(judged: Judged, rule: Rule, name: string, { calls }: Siblings): boolean {
  const { native } = judged;
  if (judged.decision(native, name) === undefined) return false;
  const verdicts = judged.verdicts(native, name);
  const denies = ({ action, origin }: Verdict) =>
    freedomOf(action) === 0 && origin.because === 'rule' && origin.rule.index === rule.index;
  if (!verdicts.every(({ verdict }) => denies(verdict))) return false;
  const isFallback =
    verdicts.every(({ verdict }) => verdict.data === ENOSYS) && calls.some((other) => isOlder(other, name));
  return !isFallback;
}

function passingSibling(
  judged: Judged,
  denied: readonly Spanned<string>[],
  { calls, effect, isGuarded }: Siblings,
): Found | undefined {
  const { native } = judged;
  const passing = calls.filter(
    (name) => judged.isInKernel(name) && hasEffect(judged, effect, name) !== Diagram.FALSE,
  );
  const [first] = passing;
  if (first === undefined) return undefined;
  const names = listed(denied.map(({ value }) => value));
  const others = listed(passing.map(withRelease));
  const pass = passing.length > 1 ? `each of which ${effect}, pass` : `which ${effect}, too, passes`;
  return {
    ...(!isGuarded && { severity: 'low' as const }),
    message: `${names} ${denied.length > 1 ? 'are' : 'is'} denied, but ${others}, ${pass}`,
    place: denied[0].span,
    witness: judged.witness(native, first, hasEffect(judged, effect, first)),
    fix: advice(`deny ${listed(passing)}, too${passing.includes('clone3') ? ' (clone3 with ENOSYS)' : ''}`),
    mend: denying(passing),
  };
}

/** The arguments with which a call passes and has the effect; where it is not known which have it, all must pass. */
function hasEffect(judged: Judged, effect: string, name: string): CallSet {
  const { diagram } = judged.policy;
  const passing = judged.passing(judged.native, name) ?? Diagram.FALSE;
  const having = effectArguments(effect, name);
  if (!having) return passing === Diagram.TRUE ? passing : Diagram.FALSE;
  const field = argumentField(having.argument);
  const sets = having.values.map((value) => diagram.maskedEquals(field, having.mask, value));
  return diagram.and(
    passing,
    sets.reduce((all, set) => diagram.or(all, set), Diagram.FALSE),
  );
}

function isOlder(name: string, than: string): boolean {
  const [a, b] = [releaseOf(name), releaseOf(than)];
  return a !== undefined && b !== undefined && compareKernels(a, b) < 0;
}

function releaseOf(name: string) {
  const since = sinceOf(name);
  return since === undefined ? undefined : parseKernel(since);
}

/** Newer calls are those that people forget. */
const WORTH_TELLING = { major: 3, minor: 0 };

function withRelease(name: string): string {
  const since = releaseOf(name)!;
  return compareKernels(since, WORTH_TELLING) < 0 ? name : `${name} (Linux ${sinceOf(name)})`;
}

function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
