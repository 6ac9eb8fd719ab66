import { advice } from '../../diagnostics/diagnostic.ts';
import { compareKernels, parseKernel, type Rule } from '../../profile/profile.ts';
import { REMOVED_CALLS } from '../generated/removed-calls.ts';
import type { Judged } from '../judged.ts';
import { listed } from '../listed.ts';
import type { PolicyRule } from '../policy-rule.ts';

/** A number is left of the call, and nothing behind it. */
export const callRemoved: PolicyRule = {
  code: 'call-removed',
  severity: 'low',
  about:
    'A rule names calls that have a number on x86_64 and that the kernel does not do any more, or never did. There is nothing to allow or to deny.',
  *find(judged) {
    const found = judged.profile.rules.flatMap((rule) => {
      const removed = rule.names.filter(({ value }) => isRemoved(judged, rule, value));
      return removed.length > 0 ? [{ removed, isDead: removed.length === rule.names.length }] : [];
    });
    if (found.length === 0) return;
    const names = new Set(found.flatMap(({ removed }) => removed.map(({ value }) => value)));
    const [first] = found.find(({ isDead }) => isDead)?.removed ?? found[0].removed;
    yield {
      // Beside other names they do no harm.
      ...(!found.some(({ isDead }) => isDead) && { severity: 'info' as const }),
      message: `this kernel does not have ${listed([...names])} on x86_64: there is nothing to allow or to deny`,
      place: first.span,
      witness: judged.witness(judged.native, first.value),
      fix: advice('leave them out'),
    };
  },
};

function isRemoved(judged: Judged, rule: Rule, name: string): boolean {
  const { native, policy, target } = judged;
  const row = REMOVED_CALLS.find(([call]) => call === name);
  if (!row || native.name !== 'x86_64') return false;
  const [, from, isOnX86] = row;
  if (compareKernels(target.kernel, parseKernel(from)!) < 0) return false;
  if (isOnX86 && policy.abis.some((abi) => abi.name === 'x86')) return false;
  return judged.isDecidedBy(rule, native, name);
}
