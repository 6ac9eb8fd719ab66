import { advice } from '../../diagnostics/diagnostic.ts';
import { Diagram } from '../../diagram/diagram.ts';
import { hiding } from '../mends.ts';
import { namespacesDeniedToClone } from '../namespaces.ts';
import type { PolicyRule } from '../policy-rule.ts';

/** What clone may not do, clone3 may: its flags stand in memory. */
export const clone3HidesFlags: PolicyRule = {
  code: 'clone3-hides-flags',
  severity: 'critical',
  about:
    'clone is filtered by its flags, but clone3 passes. Its flags stand in memory, where no filter can look, so that what clone may not do clone3 may.',
  *find(judged) {
    for (const abi of judged.policy.abis) {
      const [denied] = namespacesDeniedToClone(judged, abi);
      const passing = judged.passing(abi, 'clone3');
      if (!denied || !passing || passing === Diagram.FALSE || !judged.isInKernel('clone3')) continue;
      const witness = judged.witness(abi, 'clone3', passing);
      yield {
        message: `clone may not use ${denied.flag}, but clone3 passes, whose flags stand in memory where no filter sees them`,
        place: judged.placeOf(judged.verdict(abi, 'clone3', witness.args).origin),
        related: judged.placeOf(denied.verdict.origin),
        witness,
        fix: advice('answer clone3 with ERRNO and errnoRet 38 (ENOSYS): libc then takes clone'),
        mend: hiding(['clone3']),
      };
      return;
    }
  },
};
