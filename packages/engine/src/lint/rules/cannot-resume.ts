import { advice } from '../../diagnostics/diagnostic.ts';
import { allowing } from '../mends.ts';
import type { PolicyRule } from '../policy-rule.ts';

/** Calls that wait, and that the kernel takes up again by another call when the process was stopped meanwhile. */
const WAITING = ['nanosleep', 'clock_nanosleep', 'poll', 'futex'];

/** A wait that was interrupted cannot go on. */
export const cannotResume: PolicyRule = {
  code: 'cannot-resume',
  severity: 'medium',
  about:
    'The kernel takes up a wait that was interrupted, as by a stop, a debugger or a freezer, with restart_syscall. That does not pass, so that the wait fails then.',
  *find(judged) {
    const { native } = judged;
    if (
      judged.decision(native, 'restart_syscall') === undefined ||
      judged.passes(native, 'restart_syscall') !== 'never'
    )
      return;
    const waiting = WAITING.filter((name) => judged.passes(native, name) !== 'never');
    if (waiting.length === 0) return;
    const witness = judged.witness(native, 'restart_syscall');
    yield {
      message: `${waiting.join(', ')} may wait, but not go on after a stop: restart_syscall does not pass`,
      place: judged.placeOf(judged.verdict(native, 'restart_syscall', witness.args).origin),
      witness,
      fix: advice('allow restart_syscall'),
      ...allowing(judged, ['restart_syscall']),
    };
  },
};
