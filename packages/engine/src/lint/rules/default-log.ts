import { advice } from '../../diagnostics/diagnostic.ts';
import type { PolicyRule } from '../policy-rule.ts';

/** What no rule names passes, and is written down. */
export const defaultLog: PolicyRule = {
  code: 'default-log',
  severity: 'medium',
  about:
    'The default action is SCMP_ACT_LOG: every call passes that no rule names, and the kernel writes it to its log. That is for finding out what a workload calls: nothing is denied that was forgotten.',
  *find({ profile, unnamed: { verdict, witness } }) {
    const { action, origin } = verdict;
    if (action !== 'LOG' || origin.because !== 'default') return;
    yield {
      message: 'every call that no rule names passes, and is logged',
      place: profile.defaultAction.span,
      witness,
      fix: advice('callgate read makes a recording of the log, and callgate build a profile of that'),
    };
  },
};
