import { advice } from '../../diagnostics/diagnostic.ts';
import { onePerPlace } from '../one-per-place.ts';
import type { PolicyRule } from '../policy-rule.ts';

/** TRAP leaves it to the program what comes of a denial. */
export const raisesSignal: PolicyRule = {
  code: 'raises-signal',
  severity: 'info',
  about:
    'SCMP_ACT_TRAP does not make the call and sends SIGSYS. A program that has a handler for SIGSYS goes on, and gets from it what looks like the result of the call; any other dies.',
  *find(judged) {
    yield* onePerPlace(judged, ({ action }) =>
      action === 'TRAP'
        ? {
            message: 'the program gets SIGSYS: if it has a handler for that it goes on, else it dies',
            fix: advice('SCMP_ACT_KILL_PROCESS cannot be caught; SCMP_ACT_ERRNO tells the caller'),
          }
        : undefined,
    );
  },
};
