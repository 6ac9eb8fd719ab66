import { advice } from '../../diagnostics/diagnostic.ts';
import { errnoName } from '../../syscalls/arguments.ts';
import { onePerPlace } from '../one-per-place.ts';
import type { PolicyRule } from '../policy-rule.ts';

/** Programs know the errnos that have names. */
export const unnamedErrno: PolicyRule = {
  code: 'unnamed-errno',
  severity: 'low',
  about: 'Calls are denied with a number that is the errno of nothing. Programs print "Unknown error".',
  *find(judged) {
    yield* onePerPlace(judged, ({ action, data }) =>
      action === 'ERRNO' && data !== 0 && errnoName(data) === undefined
        ? {
            message: `${data} is no errno that has a name`,
            fix: advice('errnoRet 1 is EPERM, 13 EACCES, 38 ENOSYS'),
          }
        : undefined,
    );
  },
};
