import { executes } from '../../bpf/action.ts';
import { advice } from '../../diagnostics/diagnostic.ts';
import { callsOf } from '../../syscalls/lookup.ts';
import { capabilityChecks, needsCapability } from '../capability-checks.ts';
import { listed } from '../listed.ts';
import type { PolicyRule } from '../policy-rule.ts';

/** A call passes the filter and fails behind it. */
export const callWithoutCapability: PolicyRule = {
  code: 'call-without-capability',
  severity: 'info',
  about:
    'Calls pass that need a capability whenever they are made, in the first user namespace of the machine, and the container does not have it (--caps): the kernel refuses them behind the filter.',
  *find(judged) {
    const { native, target, profile } = judged;
    // Whoever names no capabilities has not said which the container has; and where all pass by default none is meant.
    if (target.capabilities.length === 0 || executes(judged.byDefault.kind)) return;
    const vain = callsOf(native.name).flatMap(([name]) => {
      const needed = needsCapability(name);
      if (needed === undefined || target.capabilities.includes(needed)) return [];
      const isInitial = capabilityChecks(name).every(({ initialOnly }) => initialOnly);
      return isInitial && judged.passes(native, name) === 'always' ? [{ name, needed }] : [];
    });
    const [first] = vain;
    if (!first) return;
    const witness = judged.witness(native, first.name);
    const { origin } = judged.verdict(native, first.name, witness.args);
    yield {
      message: `the kernel refuses what passes here, for want of a capability: ${listed(vain.map(({ name, needed }) => `${name} (${needed})`))}`,
      place: origin.because === 'rule' ? origin.span : profile.defaultAction.span,
      witness,
      fix: advice('leave them out: the kernel refuses them'),
    };
  },
};
