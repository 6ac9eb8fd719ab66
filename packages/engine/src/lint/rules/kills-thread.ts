import { advice } from '../../diagnostics/diagnostic.ts';
import { onePerPlace } from '../one-per-place.ts';
import type { PolicyRule } from '../policy-rule.ts';

/** KILL ends a thread, and leaves its process running. */
export const killsThread: PolicyRule = {
  code: 'kills-thread',
  severity: 'medium',
  about:
    'SCMP_ACT_KILL and SCMP_ACT_KILL_THREAD end the thread that made the call and leave the rest of its process running, with whatever locks that thread held.',
  *find(judged) {
    yield* onePerPlace(judged, ({ action, origin }) =>
      action === 'KILL_THREAD' && (origin.because === 'rule' || origin.because === 'default')
        ? {
            message: 'the thread that makes the call dies, and a process that has others goes on without it',
            fix: advice('SCMP_ACT_KILL_PROCESS ends the process'),
            mend: {
              kind: 'kill-process',
              place: origin.because === 'rule' ? origin.rule.action.span : judged.placeOf(origin),
            },
          }
        : undefined,
    );
  },
};
