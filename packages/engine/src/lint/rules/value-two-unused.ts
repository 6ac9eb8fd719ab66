import { advice } from '../../diagnostics/diagnostic.ts';
import type { PolicyRule } from '../policy-rule.ts';

/** valueTwo means something beside a mask alone. */
export const valueTwoUnused: PolicyRule = {
  code: 'value-two-unused',
  severity: 'low',
  about:
    'A condition has valueTwo beside another operator than SCMP_CMP_MASKED_EQ. No runtime reads it, so a range that seems to be there is not.',
  *find({ profile }) {
    for (const { conditions } of profile.rules)
      for (const { operator, valueTwo, parts, span } of conditions)
        if (operator !== 'MASKED_EQ' && valueTwo !== 0n)
          yield {
            message: `valueTwo has no effect beside SCMP_CMP_${operator}`,
            place: parts?.valueTwo ?? span,
            fix: advice('remove it; of two bounds each is a condition of its own'),
            ...(parts?.valueTwo && { mend: { kind: 'drop', what: 'key', place: parts.valueTwo } }),
          };
  },
};
