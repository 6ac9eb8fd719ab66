import { advice } from '../../diagnostics/diagnostic.ts';
import type { PolicyRule } from '../policy-rule.ts';

/** What no rule names passes; where it is logged, too, default-log says so. */
export const defaultAllow: PolicyRule = {
  code: 'default-allow',
  severity: 'high',
  about:
    'The default action allows, so everything passes that no rule names: calls that were forgotten, and those that later kernels bring.',
  *find({ profile, unnamed: { verdict, witness } }) {
    const { action, origin } = verdict;
    if (action !== 'ALLOW' || origin.because !== 'default') return;
    yield {
      message: 'every call that no rule names passes, those of later kernels, too',
      place: profile.defaultAction.span,
      witness,
      fix: advice('deny by default and allow what the workload calls: callgate record, then callgate build'),
    };
  },
};
