import type { DiagnosticCode } from '../diagnostics/codes.ts';
import type { Diagnostic, Severity } from '../diagnostics/diagnostic.ts';
import { type Fact, placeOf } from '../runtime/fact.ts';
import type { AbiName } from '../syscalls/arch.ts';

/** Facts of one kind. */
export type FactOf<K extends Fact['kind'], F extends Fact = Fact> = F extends Fact
  ? K extends F['kind']
    ? F & { readonly kind: K }
    : never
  : never;

/** What a finding says: words, and the place that explains it. */
export type Words = Pick<Diagnostic, 'message' | 'remedy' | 'related'> &
  /** Where it is another than the rule's. */
  Partial<Pick<Diagnostic, 'severity'>>;

/** A rule of lint: what is to be said of facts of one kind. Its code is the kind, and has a page in docs/diagnostics. */
export interface LintRule<K extends Fact['kind'] = Fact['kind']> {
  readonly kind: K & DiagnosticCode;
  readonly severity: Severity;
  /** What to say of the facts about one place, one for each ABI that shows it; undefined for nothing. */
  say(facts: readonly [FactOf<K>, ...FactOf<K>[]], abis: readonly AbiName[]): Words | undefined;
}

/** What a rule says of the facts of its kind: one finding for each place, in the order of the profile. */
export function findingsOf<K extends Fact['kind']>(
  rule: LintRule<K>,
  facts: readonly Fact[],
  abis: readonly AbiName[],
): Diagnostic[] {
  const places = new Map<number, [FactOf<K>, ...FactOf<K>[]]>();
  for (const fact of facts) {
    if (fact.kind !== rule.kind) continue;
    const mine = fact as FactOf<K>;
    const { start } = placeOf(fact);
    const group = places.get(start);
    if (group) group.push(mine);
    else places.set(start, [mine]);
  }
  return [...places.values()].flatMap((group): Diagnostic[] => {
    const words = rule.say(group, abis);
    return words ? [{ code: rule.kind, severity: rule.severity, place: placeOf(group[0]), ...words }] : [];
  });
}
