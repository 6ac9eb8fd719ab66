import type { LintRule } from '../rule.ts';
import { settledByAnother } from '../settled-by-another.ts';

/** A later rule without conditions replaces this one. */
export const ruleOverridden: LintRule<'rule-overridden'> = {
  kind: 'rule-overridden',
  severity: 'warning',
  say: (facts, abis) => settledByAnother(facts, abis, (name) => `a later rule for ${name} replaces this one`),
};
