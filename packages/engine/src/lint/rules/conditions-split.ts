import { advice } from '../../diagnostics/diagnostic.ts';
import type { LintRule } from '../rule.ts';

/** Two conditions on one argument make every condition of the rule a rule of its own. */
export const conditionsSplit: LintRule<'conditions-split'> = {
  kind: 'conditions-split',
  severity: 'warning',
  say([{ condition, rule }]) {
    return {
      message: `two conditions on argument ${condition.argument}: any one of the rule's conditions is enough`,
      remedy: advice('write a range as MASKED_EQ, or as rules of their own'),
      related: rule.span,
    };
  },
};
