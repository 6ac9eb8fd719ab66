import { advice } from '../../diagnostics/diagnostic.ts';
import type { LintRule } from '../rule.ts';

/** Runtimes in Go ignore an errno beside an action that returns none; crun refuses it. */
export const errnoIgnored: LintRule<'errno-ignored'> = {
  kind: 'errno-ignored',
  severity: 'warning',
  say([{ action }]) {
    return {
      message: `SCMP_ACT_${action} returns no errno`,
      remedy: advice('remove errnoRet, or use SCMP_ACT_ERRNO; crun refuses the profile'),
    };
  },
};
