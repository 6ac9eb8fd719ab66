import type { Verdict } from '../analysis/explain.ts';
import { freedomOf } from '../bpf/action.ts';
import type { Spanned } from '../diagnostics/span.ts';
import type { CallSet } from '../diagram/call-set.ts';
import { Diagram } from '../diagram/diagram.ts';
import { argument as argumentField } from '../diagram/fields.ts';
import { actionKind, compareKernels, parseKernel, type Rule } from '../profile/profile.ts';
import { ENOSYS } from '../runtime/enosys-stub.ts';
import type { Abi } from '../syscalls/arch.ts';
import { sinceOf } from '../syscalls/arguments.ts';
import type { Judged } from './judged.ts';
import { effectArguments, SIBLINGS, type Siblings } from './siblings.ts';

/** What each rule denies of calls that do the same, where it denies any. */
export function* deniedSiblings(
  judged: Judged,
): Iterable<{ readonly denied: readonly Spanned<string>[]; readonly siblings: Siblings }> {
  for (const rule of judged.profile.rules)
    for (const siblings of SIBLINGS) {
      const denied = rule.names.filter(
        ({ value }) => siblings.calls.includes(value) && isDeniedBy(judged, rule, value, siblings),
      );
      if (denied.length > 0) yield { denied, siblings };
    }
}

/** Whether a rule is what keeps a call from being made, whatever its arguments, and not to make libc take an older one. */
export function isDeniedBy(judged: Judged, rule: Rule, name: string, { calls }: Siblings): boolean {
  const { native } = judged;
  if (freedomOf(actionKind(rule.action.value)) > 0 || judged.decision(native, name) === undefined)
    return false;
  const verdicts = judged.verdicts(native, name);
  const denies = ({ action, origin }: Verdict) =>
    freedomOf(action) === 0 && origin.because === 'rule' && origin.rule.index === rule.index;
  if (!verdicts.every(({ verdict }) => denies(verdict))) return false;
  const isFallback =
    verdicts.every(({ verdict }) => verdict.data === ENOSYS) && calls.some((other) => isOlder(other, name));
  return !isFallback;
}

/** The arguments with which a call passes and has the effect; where it is not known which have it, all must pass. */
export function passingWithEffect(judged: Judged, abi: Abi, effect: string, name: string): CallSet {
  const { diagram } = judged.policy;
  const passing = judged.passing(abi, name) ?? Diagram.FALSE;
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

/** A call, and with which kernel it came where people may not know it. */
export function withRelease(name: string): string {
  const since = releaseOf(name);
  const isOld = since === undefined || compareKernels(since, WORTH_TELLING) < 0;
  return isOld ? name : `${name} (Linux ${sinceOf(name)})`;
}
