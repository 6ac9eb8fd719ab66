import { advice } from '../../diagnostics/diagnostic.ts';
import type { LintRule } from '../rule.ts';

/** Bits of valueTwo outside the mask are never compared. */
export const maskDropsBits: LintRule<'mask-drops-bits'> = {
  kind: 'mask-drops-bits',
  severity: 'warning',
  say([
    {
      condition: { value, valueTwo },
    },
  ]) {
    return {
      message: `the mask drops bits 0x${(valueTwo & ~value).toString(16)}`,
      remedy: advice('for MASKED_EQ, value is the mask and valueTwo what is compared'),
    };
  },
};
