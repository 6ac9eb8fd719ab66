import { advice } from '../../diagnostics/diagnostic.ts';
import { compareKernels } from '../../profile/profile.ts';
import type { PolicyRule } from '../policy-rule.ts';

/** Of ERRNO and TRAP the kernel keeps silent unless it is told. */
/** The first with SECCOMP_FILTER_FLAG_LOG: seccomp(2). */
const FLAG_LOG = { major: 4, minor: 14 };

export const denialsUnlogged: PolicyRule = {
  code: 'denials-unlogged',
  severity: 'info',
  about:
    'The kernel logs a call that it answers with ERRNO or TRAP only where the filter was installed with SECCOMP_FILTER_FLAG_LOG. Without the flag what the profile denies leaves no trace in the log.',
  *find(judged) {
    if (compareKernels(judged.target.kernel, FLAG_LOG) < 0) return;
    if (judged.profile.flags.some(({ value }) => value === 'SECCOMP_FILTER_FLAG_LOG')) return;
    for (const { verdict, witness } of judged.answers()) {
      const { action, origin } = verdict;
      if (action !== 'ERRNO' && action !== 'TRAP') continue;
      if (origin.because !== 'rule' && origin.because !== 'default') continue;
      yield {
        message: `what is denied with ${action} is not logged: the profile has no SECCOMP_FILTER_FLAG_LOG`,
        place: judged.placeOf(origin),
        witness,
        fix: advice('"flags": ["SECCOMP_FILTER_FLAG_LOG"], where the runtime takes it'),
      };
      return;
    }
  },
};
