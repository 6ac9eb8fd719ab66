import type { LintRule } from '../rule.ts';

/** Where a call goes through a multiplexer, the sub-call number stands in argument 0. */
export const conditionOverwritten: LintRule<'condition-overwritten'> = {
  kind: 'condition-overwritten',
  severity: 'warning',
  say([{ name }]) {
    return {
      message: `where ${name} goes through a multiplexer, this condition on argument 0 does not hold`,
    };
  },
};
