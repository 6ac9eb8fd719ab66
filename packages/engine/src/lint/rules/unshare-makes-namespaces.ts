import { executes } from '../../bpf/action.ts';
import { advice } from '../../diagnostics/diagnostic.ts';
import { numberOf } from '../../syscalls/lookup.ts';
import { denying } from '../mends.ts';
import { namespacesDeniedToClone } from '../namespaces.ts';
import type { PolicyRule } from '../policy-rule.ts';

/** What clone may not make, unshare may. */
export const unshareMakesNamespaces: PolicyRule = {
  code: 'unshare-makes-namespaces',
  severity: 'high',
  about: 'clone may not make a namespace of some kind, but unshare may make one of the same kind.',
  *find(judged) {
    for (const abi of judged.policy.abis) {
      const nr = numberOf(abi.name, 'unshare');
      if (nr === undefined) continue;
      const made = namespacesDeniedToClone(judged, abi)
        .map((denied) => ({ ...denied, unshared: judged.verdict(abi, 'unshare', [denied.bit]) }))
        .filter(({ unshared }) => executes(unshared.action));
      const [first] = made;
      if (!first) continue;
      const flags = made.map(({ flag }) => flag).join(', ');
      yield {
        message: `clone may not use ${flags}, but unshare with the same passes`,
        place: judged.placeOf(first.unshared.origin),
        related: judged.placeOf(first.verdict.origin),
        witness: { arch: abi.name, nr, args: [first.bit] },
        fix: advice('deny unshare, or the same flags of it'),
        mend: denying(['unshare']),
      };
      return;
    }
  },
};
