import { executes } from '../../bpf/action.ts';
import { advice } from '../../diagnostics/diagnostic.ts';
import type { PolicyRule } from '../policy-rule.ts';

/** What no rule names passes. */
export const defaultAllow: PolicyRule = {
  code: 'default-allow',
  severity: 'high',
  about:
    'The default action executes calls, so everything passes that no rule names: calls that were forgotten, and those that later kernels bring.',
  *find({ profile, unnamed: { verdict, witness } }) {
    const { action, origin } = verdict;
    if (!executes(action) || origin.because !== 'default') return;
    yield {
      message:
        action === 'LOG'
          ? 'every call that no rule names passes, and is logged'
          : 'every call that no rule names passes, those of later kernels, too',
      place: profile.defaultAction.span,
      witness,
      fix: advice('deny by default and allow what the workload calls: callgate record, then callgate build'),
    };
  },
};
