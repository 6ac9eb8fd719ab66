import type { LintRule } from '../rule.ts';
import { settledByAnother } from '../settled-by-another.ts';

/** Rules that libseccomp asks first leave nothing to this one, whatever the order of the file. */
export const ruleShadowed: LintRule<'rule-shadowed'> = {
  kind: 'rule-shadowed',
  severity: 'warning',
  say: (facts, abis) =>
    settledByAnother(
      facts,
      abis,
      (name) => `other rules for ${name}, which libseccomp asks first, leave nothing to this one`,
    ),
};
