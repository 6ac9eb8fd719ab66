import { executes } from '../../bpf/action.ts';
import { advice } from '../../diagnostics/diagnostic.ts';
import type { PolicyRule } from '../policy-rule.ts';

/** Rules that look at arguments, and let all of them pass together. */
export const alwaysHolds: PolicyRule = {
  code: 'always-holds',
  severity: 'high',
  about:
    'Rules allow a call under conditions which together hold for all arguments, such as "not 9" beside "not 16". Of several rules any one is enough, so the conditions keep nothing out.',
  *find(judged) {
    const { native, profile } = judged;
    const seen = new Set<string>();
    for (const { names, conditions } of profile.rules)
      for (const { value: name } of names) {
        if (conditions.length === 0 || seen.has(name) || judged.passes(native, name) !== 'always') continue;
        seen.add(name);
        const verdicts = judged.verdicts(native, name);
        const deciding = verdicts.every(
          ({ verdict: { action, origin } }) =>
            executes(action) && origin.because === 'rule' && origin.rule.conditions.length > 0,
        );
        if (!deciding) continue;
        yield {
          message: `the conditions on ${name} hold for all arguments together: every call of it passes`,
          place: conditions[0].span,
          witness: judged.witness(native, name),
          fix: advice(
            'put conditions that must hold together into one rule: within a rule they are joined by "and"',
          ),
        };
      }
  },
};
