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
    const mayTrace = judged.passes(judged.native, 'ptrace') !== 'never';
    yield* onePerPlace(judged, ({ action }) =>
      action === 'TRACE'
        ? {
            message: mayTrace
              ? 'the call passes wherever a process may trace its own child; without a tracer it fails with ENOSYS'
              : 'without a tracer from outside the call fails with ENOSYS',
            fix: advice('SCMP_ACT_ERRNO denies it, SCMP_ACT_LOG watches it'),
            ...(!mayTrace && { severity: 'low' as const }),
          }
        : undefined,
    );
  },
};
