import type { LintRule } from '../rule.ts';

/** No ABI in use has the call. */
export const absentEverywhere: LintRule<'absent-everywhere'> = {
  kind: 'absent-everywhere',
  severity: 'note',
  say([{ rule, abis }]) {
    return { message: `${rule.name.value} does not exist on ${abis.join(', ')}` };
  },
};
