import { advice } from '../../diagnostics/diagnostic.ts';
import { onePerPlace } from '../one-per-place.ts';
import type { PolicyRule } from '../policy-rule.ts';

/** TRACE leaves the call to whoever traces the process. */
export const asksTracer: PolicyRule = {
  code: 'asks-tracer',
  severity: 'medium',
  about:
    'SCMP_ACT_TRACE leaves the call to a tracer. Without one it fails with ENOSYS; a process that may trace its own child is a tracer, and lets it pass.',
  *find(judged) {
    yield* onePerPlace(judged, ({ action }) =>
      action === 'TRACE'
        ? {
            message:
              'the call passes wherever a process may trace its own child; without a tracer it fails with ENOSYS',
            fix: advice('SCMP_ACT_ERRNO denies it, SCMP_ACT_LOG watches it'),
          }
        : undefined,
    );
  },
};
