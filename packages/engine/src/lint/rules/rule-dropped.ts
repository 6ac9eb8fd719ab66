import type { LintRule } from '../rule.ts';
import { settledByAnother } from '../settled-by-another.ts';

/** An earlier rule decides every call that this one describes. */
export const ruleDropped: LintRule<'rule-dropped'> = {
  kind: 'rule-dropped',
  severity: 'warning',
  say: (facts, abis) =>
    settledByAnother(facts, abis, (name) => `an earlier rule for ${name} leaves nothing to this one`),
};
