import { advice } from '../../diagnostics/diagnostic.ts';
import { ENOSYS } from '../../runtime/enosys-stub.ts';
import type { Abi } from '../../syscalls/arch.ts';
import { callsOf } from '../../syscalls/lookup.ts';
import type { Judged } from '../judged.ts';
import type { PolicyRule } from '../policy-rule.ts';

/** The calls of Linux 5.1 that take times of 64 bits where a word has 32, and what stands before the 64. */
const WITH_64_BITS = /^(.+)_time64$|^((?:clock|timer|timerfd)_.+)64$/;
const MOST_NAMED = 4;

/** Programs that hold times in 64 bits make other calls. */
export const time64Denied: PolicyRule = {
  code: 'time64-denied',
  severity: 'low',
  about:
    'On an ABI of 32 bits that the profile covers besides, a call passes that takes times of 32 bits, but not the newer one that takes 64. 32-bit programs whose C library holds times in 64 bits make that one, always or where a time does not fit in 32 bits, and go back when the kernel answers ENOSYS alone.',
  *find(judged) {
    // What libc does on the native ABI libc-without-fallback says.
    for (const abi of judged.policy.abis.slice(1)) {
      if (abi.name !== 'x86' && abi.name !== 'arm') continue;
      const failing = withoutTime64(judged, abi);
      const [first] = failing;
      if (!first) continue;
      const more = failing.length > MOST_NAMED ? ` and ${failing.length - MOST_NAMED} more` : '';
      const names = failing.slice(0, MOST_NAMED).map(({ newer }) => newer);
      const witness = judged.witness(abi, first.newer);
      yield {
        message: `on ${abi.name} ${first.older} passes, but ${names.join(', ')}${more}, which 32-bit programs with 64-bit time call, ${failing.length > 1 ? 'do' : 'does'} not, nor ${failing.length > 1 ? 'are they' : 'is it'} answered ENOSYS`,
        place: judged.placeOf(judged.verdict(abi, first.newer, witness.args).origin),
        witness,
        fix: advice(
          `allow them, leave ${abi.name} out of the architectures, or answer them with ERRNO and errnoRet 38 (ENOSYS)`,
        ),
      };
    }
  },
};

/** Calls that pass, each with its newer twin, if that fails and nobody is told to go back. */
function withoutTime64(judged: Judged, abi: Abi): { older: string; newer: string }[] {
  return callsOf(abi.name).flatMap(([newer]) => {
    const [, ...stems] = WITH_64_BITS.exec(newer) ?? [];
    const older = stems.find((stem) => stem !== undefined);
    if (older === undefined || !judged.isInKernel(newer) || judged.passes(abi, older) === 'never') return [];
    const goesBack = judged
      .verdicts(abi, newer)
      .some(({ verdict: { action, data } }) => action === 'ERRNO' && data === ENOSYS);
    return judged.fails(abi, newer) && !goesBack ? [{ older, newer }] : [];
  });
}
