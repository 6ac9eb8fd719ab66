import { advice } from '../../diagnostics/diagnostic.ts';
import type { PolicyRule } from '../policy-rule.ts';

/** There is somebody to ask, and nothing to ask. */
export const listenerUnused: PolicyRule = {
  code: 'listener-unused',
  severity: 'info',
  about:
    'The profile names a listenerPath, the socket of a supervisor, and no rule answers SCMP_ACT_NOTIFY: the supervisor is never asked.',
  *find({ profile: { listenerPath, rules } }) {
    if (!listenerPath?.value || rules.some(({ action }) => action.value === 'NOTIFY')) return;
    yield {
      message: 'no rule answers SCMP_ACT_NOTIFY, so nobody is asked through this socket',
      place: listenerPath.span,
      fix: advice('remove it, or give SCMP_ACT_NOTIFY to the calls that are to be supervised'),
    };
  },
};
