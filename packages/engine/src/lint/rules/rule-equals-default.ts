import type { LintRule } from '../rule.ts';

/** The runtime leaves a rule out that says what the default action says. */
export const ruleEqualsDefault: LintRule<'rule-equals-default'> = {
  kind: 'rule-equals-default',
  severity: 'warning',
  say([{ byDefault }]) {
    return { message: 'this rule says what the default action says', related: byDefault };
  },
};
