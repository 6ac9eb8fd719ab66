import { executes, freedomOf } from '../../bpf/action.ts';
import { advice } from '../../diagnostics/diagnostic.ts';
import { numberOf } from '../../syscalls/lookup.ts';
import type { PolicyRule } from '../policy-rule.ts';

/** asm-generic/ioctls.h; the same on x86 and arm. */
const TIOCSTI = 0x5412n;
const TIOCLINUX = 0x541cn;

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
    const verdictOf = (command: bigint) => judged.verdict(native, 'ioctl', [0n, command]);
    const denied = verdictOf(TIOCSTI);
    const isMeant = freedomOf(denied.action) === 0 && denied.origin.because === 'rule';
    const command = isMeant ? TIOCLINUX : TIOCSTI;
    const { action, origin } = verdictOf(command);
    if (!executes(action)) return;
    yield {
      message: isMeant
        ? 'ioctl with TIOCSTI is denied, but TIOCLINUX passes, which types what is selected on a virtual console; newer kernels ask for CAP_SYS_ADMIN'
        : 'ioctl with TIOCSTI passes: whoever shares a terminal may type into it',
      place: judged.placeOf(origin),
      witness: { arch: native.name, nr, args: [0n, command] },
      fix: advice(
        `deny it, comparing 32 bits: "op": "SCMP_CMP_MASKED_EQ", "value": 4294967295, "valueTwo": ${command}`,
      ),
    };
  },
};
