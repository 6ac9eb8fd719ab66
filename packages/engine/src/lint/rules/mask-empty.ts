import { advice } from '../../diagnostics/diagnostic.ts';
import type { LintRule } from '../rule.ts';

/** A mask of 0 keeps no bit. */
export const maskEmpty: LintRule<'mask-empty'> = {
  kind: 'mask-empty',
  severity: 'warning',
  say() {
    return {
      message: 'the mask is 0, so the condition holds for every call',
      remedy: advice('for MASKED_EQ, value is the mask and valueTwo what is compared'),
    };
  },
};
