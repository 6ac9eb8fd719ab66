import { advice } from '../../diagnostics/diagnostic.ts';
import { Diagram } from '../../diagram/diagram.ts';
import { argument as argumentField, half } from '../../diagram/fields.ts';
import { compareKernels } from '../../profile/profile.ts';
import { ONE_CALL } from '../io-uring.ts';
import { denying } from '../mends.ts';
import type { PolicyRule } from '../policy-rule.ts';
import { ioUringPasses } from './io-uring-passes.ts';

/** From this kernel on a ring can lie in memory that the process has (IORING_SETUP_NO_MMAP). */
const WITHOUT_MMAP = { major: 6, minor: 5 };

/** Who may make a ring needs no other call. */
export const ioUringInPart: PolicyRule = {
  code: 'io-uring-in-part',
  severity: 'high',
  about:
    'A rule denies io_uring_enter, but io_uring_setup passes. From Linux 5.13 on a ring whose requests a thread of the kernel takes (IORING_SETUP_SQPOLL) needs no other call, so that io_uring is there all the same.',
  *find(judged) {
    const { native, target, policy } = judged;
    const { diagram } = policy;
    if (compareKernels(target.kernel, ONE_CALL) < 0) return;
    if (!judged.isDeniedByRules(native, 'io_uring_enter')) return;
    const hasMemory = ['mmap', 'mmap2'].some((name) => judged.passes(native, name) !== 'never');
    if (!hasMemory && compareKernels(target.kernel, WITHOUT_MMAP) < 0) return;
    const someEntries = diagram.atLeast(half(argumentField(0), 'low'), 1);
    const making = diagram.and(judged.passing(native, 'io_uring_setup')!, someEntries);
    // Where a ring does what the profile denies besides, io-uring-passes says that it may be made.
    if (making === Diagram.FALSE || [...ioUringPasses.find(judged)].length > 0) return;
    const witness = judged.witness(native, 'io_uring_setup', making);
    yield {
      message:
        'io_uring_enter is denied, but io_uring_setup passes, and a ring whose requests a thread of the kernel takes needs no other call',
      place: judged.placeOf(judged.verdict(native, 'io_uring_enter', []).origin),
      related: judged.placeOf(judged.verdict(native, 'io_uring_setup', witness.args).origin),
      witness,
      fix: advice('deny io_uring_setup, too'),
      mend: denying(['io_uring_setup']),
    };
  },
};
