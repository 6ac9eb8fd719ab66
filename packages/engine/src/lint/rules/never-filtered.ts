import { executes } from '../../bpf/action.ts';
import { advice } from '../../diagnostics/diagnostic.ts';
import { compareKernels } from '../../profile/profile.ts';
import type { PolicyRule } from '../policy-rule.ts';

/** kernel/seccomp.c: seccomp_uprobe_exception. */
const UNASKED = [
  { name: 'uretprobe', release: { major: 6, minor: 14 } },
  { name: 'uprobe', release: { major: 6, minor: 18 } },
] as const;

/** The kernel makes these calls part of a program that is being watched, and asks no filter. */
export const neverFiltered: PolicyRule = {
  code: 'never-filtered',
  severity: 'low',
  about:
    'A rule is about uretprobe or uprobe on x86_64. The kernel itself puts these calls into programs that are being watched, and asks no filter about them: uretprobe from Linux 6.14 on, uprobe from 6.18 on.',
  *find(judged) {
    const { native, target, profile } = judged;
    if (native.name !== 'x86_64') return;
    for (const { name, release } of UNASKED) {
      if (compareKernels(target.kernel, release) < 0) continue;
      const rule = profile.rules.find((candidate) => judged.isDecidedBy(candidate, native, name));
      const place = rule?.names.find(({ value }) => value === name)?.span ?? rule?.legacyName?.span;
      if (!place) continue;
      const passes = executes(judged.verdict(native, name, []).action);
      yield {
        ...(passes && { severity: 'info' as const }),
        message: passes
          ? `the kernel asks no filter about ${name}: it passes without this, too`
          : `the kernel asks no filter about ${name}: this rule denies nothing`,
        place,
        fix: advice('leave it out'),
      };
    }
  },
};
