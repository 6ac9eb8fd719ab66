import { freedomOf } from '../../bpf/action.ts';
import { advice } from '../../diagnostics/diagnostic.ts';
import { onePerPlace } from '../one-per-place.ts';
import type { PolicyRule } from '../policy-rule.ts';

/** LOG beside a default that denies looks like what somebody tried and left there. */
export const onlyLogged: PolicyRule = {
  code: 'only-logged',
  severity: 'low',
  about:
    'A rule answers SCMP_ACT_LOG where the default denies: its calls pass, and the kernel writes them to its log. That is how one tries a profile out, and is easily left in place.',
  *find(judged) {
    if (freedomOf(judged.byDefault.kind) !== 0) return;
    yield* onePerPlace(judged, ({ action, origin }) =>
      action === 'LOG' && origin.because === 'rule'
        ? {
            message: 'SCMP_ACT_LOG denies nothing: these calls pass, and are logged',
            fix: advice('SCMP_ACT_ALLOW where the workload needs them; without the rule they are denied'),
          }
        : undefined,
    );
  },
};
