import { advice } from '../../diagnostics/diagnostic.ts';
import type { PolicyRule } from '../policy-rule.ts';

/** One name is enough. */
export const nameTwice: PolicyRule = {
  code: 'name-twice',
  severity: 'low',
  about: 'A rule names the same call twice. The second name has no effect.',
  *find({ profile }) {
    for (const { names } of profile.rules) {
      const first = new Map<string, number>();
      for (const { value, span } of names) {
        const before = first.get(value);
        if (before === undefined) first.set(value, span.start);
        else
          yield {
            message: `the rule names ${value} twice`,
            place: span,
            related: { start: before, end: before },
            fix: advice('remove one of them'),
            mend: { kind: 'drop', what: 'name', place: span },
          };
      }
    }
  },
};
