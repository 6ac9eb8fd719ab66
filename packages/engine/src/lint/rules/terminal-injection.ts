import { executes } from '../../bpf/action.ts';
import { advice } from '../../diagnostics/diagnostic.ts';
import { numberOf } from '../../syscalls/lookup.ts';
import type { PolicyRule } from '../policy-rule.ts';

/** asm-generic/ioctls.h; the same on x86 and arm. */
const TIOCSTI = 0x5412n;

/** Whoever shares a terminal may type into it. */
export const terminalInjection: PolicyRule = {
  code: 'terminal-injection',
  severity: 'info',
  about:
    'ioctl with TIOCSTI passes: a process that shares a terminal with others may type into it as if it were the person there. From Linux 6.2 on a machine may forbid that by itself (dev.tty.legacy_tiocsti).',
  *find(judged) {
    const { native } = judged;
    const nr = numberOf(native.name, 'ioctl');
    if (nr === undefined || !['x86_64', 'x86', 'x32', 'aarch64', 'arm'].includes(native.name)) return;
    const args = [0n, TIOCSTI];
    const { action, origin } = judged.verdict(native, 'ioctl', args);
    if (!executes(action)) return;
    yield {
      message: 'ioctl with TIOCSTI passes: whoever shares a terminal may type into it',
      place: judged.placeOf(origin),
      witness: { arch: native.name, nr, args },
      fix: advice(
        'deny it, comparing 32 bits: "op": "SCMP_CMP_MASKED_EQ", "value": 4294967295, "valueTwo": 21522',
      ),
    };
  },
};
