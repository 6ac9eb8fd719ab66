import type { LintRule } from '../rule.ts';

/** The kernel's word has 16 bits for an errno. */
export const errnoWrapped: LintRule<'errno-wrapped'> = {
  kind: 'errno-wrapped',
  severity: 'warning',
  say([{ errno, kept }]) {
    return { message: `only 16 bits are kept: ${errno.value} becomes ${kept}` };
  },
};
