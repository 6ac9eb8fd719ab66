import { advice } from '../../diagnostics/diagnostic.ts';
import { allowing } from '../mends.ts';
import type { PolicyRule } from '../policy-rule.ts';

/** A program cannot end. */
export const cannotExit: PolicyRule = {
  code: 'cannot-exit',
  severity: 'critical',
  about:
    'Neither exit_group nor exit passes, so that no program can end by itself: libc tries again and again, or crashes.',
  *find(judged) {
    const { native } = judged;
    if (['exit_group', 'exit'].some((name) => judged.passes(native, name) !== 'never')) return;
    const witness = judged.witness(native, 'exit_group');
    const { action, origin } = judged.verdict(native, 'exit_group', witness.args);
    yield {
      message:
        action === 'ERRNO'
          ? 'no program can end: exit_group does not pass, nor does exit'
          : 'every program is killed when it ends: exit_group does not pass, nor does exit',
      place: judged.placeOf(origin),
      witness,
      fix: advice('allow exit_group and exit'),
      ...allowing(judged, ['exit', 'exit_group']),
    };
  },
};
