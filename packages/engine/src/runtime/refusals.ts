import { type Diagnostic, error } from '../diagnostics/diagnostic.ts';
import type { Dialect } from './dialects/dialect.ts';
import { type Fact, placeOf } from './fact.ts';

/** Why `strict` takes no profile that shows such a fact: it would not say what it seems to say. */
const STRICT: Readonly<Partial<Record<Fact['kind'], string>>> = {
  'rule-dropped': 'an earlier rule decides all calls of this one',
  'rule-overridden': 'a later rule replaces this one',
  'rule-shadowed': 'other rules, which libseccomp asks first, decide all calls of this one',
  'rules-overlap': 'another rule has another action for some of these calls',
  'conditions-split': "any one of the rule's conditions would be enough",
};

const REMEDIES: Readonly<Partial<Record<Fact['kind'], string>>> = {
  'conditions-split': 'write a range as MASKED_EQ, or as rules of their own',
  'rules-overlap': 'make their conditions exclude each other',
};

/** The faults for which a runtime refuses a profile that shows these facts; each place once. */
export function refusalsOf(facts: readonly Fact[], dialect: Dialect): Diagnostic[] {
  const refusals = facts.flatMap((fact): Diagnostic[] => {
    const why = reason(fact, dialect);
    return why === undefined
      ? []
      : [error(fact.kind, `${dialect.name} refuses this rule: ${why}`, placeOf(fact), REMEDIES[fact.kind])];
  });
  const seen = new Set<string>();
  return refusals.filter(({ code, place }) => {
    const key = `${code} ${place.start}`;
    return !seen.has(key) && seen.add(key);
  });
}

function reason(fact: Fact, dialect: Dialect): string | undefined {
  if (fact.kind === 'rule-equals-default')
    return dialect.refusesDefaultRules ? 'it says what the default action says' : undefined;
  if (!dialect.strict || (dialect.sharesMultiplexers && meetsInMultiplexer(fact))) return undefined;
  if (fact.kind === 'errno-wrapped')
    return `only 16 bits of the errno are kept: ${fact.errno.value} becomes ${fact.kept}`;
  return STRICT[fact.kind];
}

function meetsInMultiplexer(fact: Fact): boolean {
  return 'by' in fact && fact.rule.through !== undefined;
}
