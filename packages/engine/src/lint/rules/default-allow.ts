import { explainCall } from '../../analysis/explain.ts';
import { executes } from '../../bpf/action.ts';
import { advice } from '../../diagnostics/diagnostic.ts';
import { callsOf } from '../../syscalls/lookup.ts';
import type { PolicyRule } from '../policy-rule.ts';

/** What no rule names passes. */
export const defaultAllow: PolicyRule = {
  code: 'default-allow',
  severity: 'high',
  about:
    'The default action executes calls, so everything passes that no rule names: calls that were forgotten, and those that later kernels bring.',
  *find({ policy, native, profile }) {
    const nr = callsOf(native.name).at(-1)![1] + 1;
    const { action, origin } = explainCall(policy, { arch: native.auditArch, nr, args: [] });
    if (!executes(action) || origin.because !== 'default') return;
    yield {
      message:
        action === 'LOG'
          ? 'every call that no rule names passes, and is logged'
          : 'every call that no rule names passes, those of later kernels, too',
      place: profile.defaultAction.span,
      witness: { arch: native.name, nr, args: [] },
      fix: advice('deny by default and allow what the workload calls: callgate record, then callgate build'),
    };
  },
};
