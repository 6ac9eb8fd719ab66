import { advice } from '../../diagnostics/diagnostic.ts';
import { allowing } from '../mends.ts';
import type { PolicyRule } from '../policy-rule.ts';

/** Whoever handles a signal dies of it. */
export const cannotReturnFromSignal: PolicyRule = {
  code: 'cannot-return-from-signal',
  severity: 'high',
  about:
    'A program may install a signal handler but not return from it: rt_sigreturn does not pass, and the first signal ends the program.',
  *find(judged) {
    const { native } = judged;
    // On 32-bit ABIs handlers may return by sigreturn.
    if (native.bits !== 64) return;
    if (
      judged.passes(native, 'rt_sigaction') === 'never' ||
      judged.passes(native, 'rt_sigreturn') !== 'never'
    )
      return;
    const witness = judged.witness(native, 'rt_sigreturn');
    yield {
      message: 'signal handlers can be installed, but nothing returns from one: rt_sigreturn does not pass',
      place: judged.placeOf(judged.verdict(native, 'rt_sigreturn', witness.args).origin),
      witness,
      fix: advice('allow rt_sigreturn'),
      ...allowing(judged, ['rt_sigreturn']),
    };
  },
};
