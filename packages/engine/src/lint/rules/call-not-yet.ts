import { advice } from '../../diagnostics/diagnostic.ts';
import { sinceOf } from '../../syscalls/arguments.ts';
import { listed } from '../listed.ts';
import type { PolicyRule } from '../policy-rule.ts';

/** A rule for the kernels to come. */
export const callNotYet: PolicyRule = {
  code: 'call-not-yet',
  severity: 'info',
  about:
    'All calls that a rule names are newer than the kernel that is meant (--kernel): until there is a newer one no program can make them, whatever the rule says.',
  *find(judged) {
    const { native, target, profile } = judged;
    const { major, minor } = target.kernel;
    for (const rule of profile.rules) {
      const names = rule.names.map(({ value }) => value);
      if (names.length === 0 || names.some((name) => judged.isInKernel(name))) continue;
      const decided = names.find((name) => judged.isDecidedBy(rule, native, name));
      if (decided === undefined) continue;
      yield {
        message: `Linux ${major}.${minor} does not have ${listed(names.map((name) => `${name} (from ${sinceOf(name)} on)`))}`,
        place: rule.names[0].span,
        witness: judged.witness(native, decided),
        fix: advice('keep it for newer kernels; on this one it changes nothing that programs can do'),
      };
    }
  },
};
