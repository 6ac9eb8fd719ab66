import { executes } from '../../bpf/action.ts';
import { advice } from '../../diagnostics/diagnostic.ts';
import { numberOf } from '../../syscalls/lookup.ts';
import type { PolicyRule } from '../policy-rule.ts';

/** linux/seccomp.h: SECCOMP_SET_MODE_FILTER. */
const SET_MODE_FILTER = 1n;
/** The kernel refuses them, so that the call that is shown adds nothing where somebody tries it. */
const NO_FLAGS = 0xffff_ffffn;

/** A filter more never lets more pass. */
export const mayAddFilters: PolicyRule = {
  code: 'may-add-filters',
  severity: 'info',
  about:
    'A rule lets seccomp pass, so that programs may add filters of their own. These only take away, so it is no hole; few workloads need it, such as browsers and sandboxes.',
  *find(judged) {
    const { native } = judged;
    const nr = numberOf(native.name, 'seccomp');
    if (nr === undefined) return;
    const args = [SET_MODE_FILTER, NO_FLAGS];
    const { action, origin } = judged.verdict(native, 'seccomp', args);
    if (!executes(action)) return;
    if (origin.because !== 'rule') return;
    yield {
      message: 'seccomp passes: programs may add filters of their own, which only take away',
      place: judged.placeOf(origin),
      witness: { arch: native.name, nr, args },
      fix: advice('leave it out, unless the workload confines parts of itself'),
    };
  },
};
