import { advice } from '../../diagnostics/diagnostic.ts';
import { abiOf } from '../../syscalls/arch.ts';
import { callsOf } from '../../syscalls/lookup.ts';
import type { PolicyRule } from '../policy-rule.ts';

const X32 = abiOf('x32');

/** Hardly a program is built for x32. */
export const x32Covered: PolicyRule = {
  code: 'x32-covered',
  severity: 'info',
  about:
    'The profile covers x32, so that programs reach the kernel by the numbers of x32 as well. A kernel that is built for x32 has code of its own for some of these calls; hardly a program needs it.',
  *find(judged) {
    const { policy, profile, target } = judged;
    const place = [
      ...profile.architectures,
      ...profile.archMap.flatMap(({ subArchitectures }) => subArchitectures),
    ].find(({ value }) => value.toUpperCase().replace(/^SCMP_ARCH_/, '') === 'X32')?.span;
    if (!place || target.native === 'x32' || !policy.abis.includes(X32)) return;
    const passing = callsOf('x32').find(([name]) => judged.passes(X32, name) !== 'never');
    const witness = passing && judged.passingWitness(X32, passing[0]);
    if (!witness) return;
    yield {
      message: 'calls by the numbers of x32 reach the kernel, too, and hardly a program makes them',
      place,
      witness,
      fix: advice('leave SCMP_ARCH_X32 out: such calls then kill the thread'),
    };
  },
};
