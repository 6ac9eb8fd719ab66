import { advice } from '../../diagnostics/diagnostic.ts';
import { onePerPlace } from '../one-per-place.ts';
import type { PolicyRule } from '../policy-rule.ts';

/** ERRNO with 0 is no error. */
export const reportsSuccess: PolicyRule = {
  code: 'reports-success',
  severity: 'high',
  about:
    'ERRNO with errno 0 tells the program that the call has succeeded, though the kernel has not done it: files that seem to be written, rights that seem to be dropped.',
  *find(judged) {
    yield* onePerPlace(judged, ({ action, data }) =>
      action === 'ERRNO' && data === 0
        ? {
            message: 'errno 0 tells the program that a call has succeeded which was never made',
            fix: advice('errnoRet 1 is EPERM, 38 is ENOSYS'),
          }
        : undefined,
    );
  },
};
