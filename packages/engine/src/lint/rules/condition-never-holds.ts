import type { LintRule } from '../rule.ts';

/** No value meets the conditions: the rule has no effect there. */
export const conditionNeverHolds: LintRule<'condition-never-holds'> = {
  kind: 'condition-never-holds',
  severity: 'warning',
  say([{ rule }]) {
    return { message: `no call can meet the conditions of this rule for ${rule.name.value} on some ABI` };
  },
};
