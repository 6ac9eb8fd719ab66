import { advice } from '../../diagnostics/diagnostic.ts';
import { dialectFor } from '../../runtime/dialects/choose.ts';
import { listed } from '../listed.ts';
import type { PolicyRule } from '../policy-rule.ts';

/** includes.caps means "and", excludes.caps means "or". */
export const allCapsNeeded: PolicyRule = {
  code: 'all-caps-needed',
  severity: 'info',
  about:
    'A rule names several capabilities in includes.caps. It applies only to containers that have all of them; where any one is to be enough, each needs a rule of its own.',
  *find({ profile, target }) {
    if (dialectFor(profile, target.runtime).reads === 'oci') return;
    for (const { includes } of profile.rules) {
      const caps = [...new Set(includes?.caps.map(({ value }) => value))];
      if (caps.length < 2) continue;
      yield {
        message: `this rule applies only where a container has all of ${listed(caps)}`,
        place: includes!.caps[0].span,
        fix: advice('if any one is enough: a rule for each capability'),
      };
    }
  },
};
