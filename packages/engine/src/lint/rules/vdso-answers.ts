import { advice } from '../../diagnostics/diagnostic.ts';
import type { Judged } from '../judged.ts';
import type { PolicyRule } from '../policy-rule.ts';

const CLOCKS = ['clock_gettime', 'gettimeofday', 'time'];
const CPU = 'getcpu';

/** The kernel gives every program code that reads the clock without a call. */
export const vdsoAnswers: PolicyRule = {
  code: 'vdso-answers',
  severity: 'info',
  about:
    'A rule denies a call that reads the clock or tells the number of the CPU. On x86_64 the C library hardly makes these calls: it runs code in the vDSO, a page that the kernel gives to every process, and no filter is asked.',
  *find(judged) {
    const { native } = judged;
    if (native.name !== 'x86_64') return;
    const denied = [...CLOCKS, CPU].filter((name) => isDeniedByRule(judged, name));
    const [first] = denied;
    if (!first) return;
    const secrets = [denied.some((name) => name !== CPU) && 'the time', denied.includes(CPU) && 'the CPU'];
    const witness = judged.witness(native, first);
    yield {
      message: `denying ${denied.join(', ')} does not hide ${secrets.filter(Boolean).join(' and ')}: where it can the vDSO tells without a call`,
      place: judged.placeOf(judged.verdict(native, first, witness.args).origin),
      witness,
      fix: advice('leave the rule out: clocks of CPU time still need the call'),
    };
  },
};

function isDeniedByRule(judged: Judged, name: string): boolean {
  const { native } = judged;
  return (
    judged.fails(native, name) &&
    judged.verdicts(native, name).every(({ verdict: { origin } }) => origin.because === 'rule')
  );
}
