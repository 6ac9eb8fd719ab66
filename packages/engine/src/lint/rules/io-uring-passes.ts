import { advice } from '../../diagnostics/diagnostic.ts';
import { Diagram } from '../../diagram/diagram.ts';
import { compareKernels, parseKernel } from '../../profile/profile.ts';
import { ONE_CALL, RING_CALLS } from '../io-uring.ts';
import type { Judged } from '../judged.ts';
import { listed } from '../listed.ts';
import { denying } from '../mends.ts';
import type { PolicyRule } from '../policy-rule.ts';
import { SIBLINGS } from '../siblings.ts';

const MOST_NAMED = 6;

/** A ring does what the filter denies. */
export const ioUringPasses: PolicyRule = {
  code: 'io-uring-passes',
  severity: 'high',
  about:
    'A ring of io_uring may be made. What a program asks of a ring the kernel does without asking the filter, so that a call which the profile denies or filters by its arguments is done all the same.',
  *find(judged) {
    const { native, target } = judged;
    const [setup, enter] = ['io_uring_setup', 'io_uring_enter'].map((name) => judged.passes(native, name));
    if (setup === 'never' || (enter === 'never' && compareKernels(target.kernel, ONE_CALL) < 0)) return;
    const open = [...RING_CALLS.keys()].filter((name) => isOpenedByRing(judged, name));
    if (open.length === 0) return;
    const passing = judged.passing(native, 'io_uring_setup')!;
    if (passing === Diagram.FALSE) return;
    const witness = judged.witness(native, 'io_uring_setup', passing);
    yield {
      message: `io_uring_setup passes, and a ring does ${listed(open, MOST_NAMED)} without asking the filter`,
      calls: open,
      place: judged.placeOf(judged.verdict(native, 'io_uring_setup', witness.args).origin),
      witness,
      fix: advice('deny io_uring_setup, io_uring_enter and io_uring_register'),
      mend: denying(['io_uring_setup', 'io_uring_enter', 'io_uring_register']),
    };
  },
};

/** Whether a call that does not always pass is done by a ring of this kernel, and by no other call that passes. */
function isOpenedByRing(judged: Judged, name: string): boolean {
  const { native, target } = judged;
  if (judged.decision(native, name) === undefined) return false;
  if (compareKernels(parseKernel(RING_CALLS.get(name)!)!, target.kernel) > 0) return false;
  const alike = SIBLINGS.flatMap(({ calls }) => (calls.includes(name) ? calls : []));
  return [name, ...alike].every((call) => judged.passes(native, call) !== 'always');
}
