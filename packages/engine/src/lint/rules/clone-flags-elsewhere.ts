import { advice } from '../../diagnostics/diagnostic.ts';
import { argument as argumentField } from '../../diagram/fields.ts';
import { dependsOn } from '../../diagram/forget.ts';
import type { PolicyRule } from '../policy-rule.ts';

/** s390 passes the stack first. */
export const cloneFlagsElsewhere: PolicyRule = {
  code: 'clone-flags-elsewhere',
  severity: 'high',
  about:
    'A condition on argument 0 of clone is in force on s390 or s390x, where clone has the stack there and its flags in argument 1: it compares an address.',
  *find(judged) {
    const { diagram } = judged.policy;
    for (const abi of judged.policy.abis) {
      const decision = judged.decision(abi, 'clone');
      if ((abi.name !== 's390x' && abi.name !== 's390') || decision === undefined) continue;
      if (!dependsOn(diagram, decision, argumentField(0))) continue;
      const condition = judged.profile.rules
        .filter(({ names }) => names.some(({ value }) => value === 'clone'))
        .flatMap(({ conditions }) => conditions)
        .find(({ argument }) => argument === 0);
      if (!condition) continue;
      yield {
        message: `on ${abi.name} argument 0 of clone is the stack, and the flags are argument 1`,
        place: condition.span,
        witness: judged.witness(abi, 'clone', judged.passing(abi, 'clone')),
        fix: advice('give s390 a rule of its own, with "index": 1'),
      };
      return;
    }
  },
};
