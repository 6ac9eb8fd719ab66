import { executes } from '../../bpf/action.ts';
import { advice } from '../../diagnostics/diagnostic.ts';
import { ENOSYS } from '../../runtime/enosys-stub.ts';
import { hiding } from '../mends.ts';
import { cloneArguments } from '../namespaces.ts';
import type { PolicyRule } from '../policy-rule.ts';

/** CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID */
const THREAD = 0x003d_0f00n;

/** libc takes ENOSYS alone as a reason to try clone. */
export const clone3WithoutFallback: PolicyRule = {
  code: 'clone3-without-fallback',
  severity: 'high',
  about:
    'clone3 is denied with something else than ENOSYS. glibc from 2.34 on then does not fall back on clone, so that threads and posix_spawn fail.',
  *find(judged) {
    const { native } = judged;
    if (judged.passes(native, 'clone3') !== 'never' || judged.passes(native, 'clone') === 'never') return;
    if (!executes(judged.verdict(native, 'clone', cloneArguments(native, THREAD)).action)) return;
    const witness = judged.witness(native, 'clone3');
    const { action, data, origin } = judged.verdict(native, 'clone3', witness.args);
    if ((action === 'ERRNO' && data === ENOSYS) || !judged.fails(native, 'clone3')) return;
    yield {
      message:
        'glibc from 2.34 on makes threads with clone3, and takes ENOSYS alone as a reason to try clone: no thread starts',
      place: judged.placeOf(origin),
      witness,
      fix: advice('answer clone3 with ERRNO and errnoRet 38 (ENOSYS)'),
      mend: hiding(['clone3']),
    };
  },
};
