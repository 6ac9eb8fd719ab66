import { LIBC_CHANGES } from '../../build/generated/libc-changes.ts';
import { advice } from '../../diagnostics/diagnostic.ts';
import { ENOSYS } from '../../runtime/enosys-stub.ts';
import { hiding } from '../mends.ts';
import type { PolicyRule } from '../policy-rule.ts';

/** It has a rule of its own. */
const OWN = 'clone3';

/** libc tries the newer call, and takes ENOSYS alone as a reason to take the older one. */
export const libcWithoutFallback: PolicyRule = {
  code: 'libc-without-fallback',
  severity: 'medium',
  about:
    'The C library tries a newer call first and goes back to an older one when the kernel answers ENOSYS. The profile allows the older one and denies the newer with something else, so that both fail.',
  *find(judged) {
    const { native } = judged;
    const tried = new Map<string, { libc: string; older: string }>();
    for (const { libc, adds, trigger, toward, fallback, archs } of LIBC_CHANGES) {
      if (toward !== 'newer' || fallback !== 'ENOSYS' || (archs && !archs.includes(native.name))) continue;
      const older = trigger.find((name) => judged.passes(native, name) !== 'never');
      if (older !== undefined)
        for (const name of adds) if (name !== OWN && !tried.has(name)) tried.set(name, { libc, older });
    }
    const failing = [...tried].filter(([name]) => {
      if (judged.decision(native, name) === undefined || judged.passes(native, name) !== 'never')
        return false;
      const { action, data } = judged.verdict(native, name, []);
      return action !== 'ERRNO' || data !== ENOSYS;
    });
    if (failing.length === 0) return;
    const [name] = failing[0];
    const witness = judged.witness(native, name);
    yield {
      message: `${failing.map(([newer, { libc, older }]) => `${libc} tries ${newer} before ${older}`).join(', ')}, and takes ENOSYS alone as a reason to go back`,
      calls: failing.map(([newer]) => newer),
      place: judged.placeOf(judged.verdict(native, name, witness.args).origin),
      witness,
      fix: advice(
        `allow them, or answer ${failing.map(([newer]) => newer).join(', ')} with ERRNO and errnoRet 38 (ENOSYS)`,
      ),
      mend: hiding(failing.map(([newer]) => newer)),
    };
  },
};
