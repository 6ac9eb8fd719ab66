import { advice } from '../../diagnostics/diagnostic.ts';
import { onePerPlace } from '../one-per-place.ts';
import type { PolicyRule } from '../policy-rule.ts';

const EINTR = 4;
const EAGAIN = 11;

/** There are errnos that ask for another try. */
export const errnoRetried: PolicyRule = {
  code: 'errno-retried',
  severity: 'medium',
  about:
    'Calls are denied with EINTR or EAGAIN, which say "try again". Code that does so never ends, and takes all the time of a CPU.',
  *find(judged) {
    yield* onePerPlace(judged, ({ action, data }) => {
      if (action !== 'ERRNO' || (data !== EINTR && data !== EAGAIN)) return undefined;
      const fix = advice('errnoRet 1 is EPERM, 13 EACCES, 38 ENOSYS');
      return data === EINTR
        ? { message: 'EINTR says "interrupted, try again": code that tries again does so for ever', fix }
        : {
            severity: 'low' as const,
            message: 'EAGAIN says "not now, try again": code that tries again does so for ever',
            fix,
          };
    });
  },
};
