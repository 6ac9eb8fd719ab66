import { executes } from '../../bpf/action.ts';
import { advice } from '../../diagnostics/diagnostic.ts';
import { numberOf } from '../../syscalls/lookup.ts';
import { namespaceDeniedToClone } from '../namespaces.ts';
import type { PolicyRule } from '../policy-rule.ts';

/** What clone may not make, unshare may. */
export const unshareMakesNamespaces: PolicyRule = {
  code: 'unshare-makes-namespaces',
  severity: 'high',
  about: 'clone may not make a namespace of some kind, but unshare may make one of the same kind.',
  *find(judged) {
    for (const abi of judged.policy.abis) {
      const denied = namespaceDeniedToClone(judged, abi);
      if (!denied || numberOf(abi.name, 'unshare') === undefined) continue;
      const args = [denied.bit];
      const verdict = judged.verdict(abi, 'unshare', args);
      if (!executes(verdict.action)) continue;
      yield {
        message: `clone may not use ${denied.flag}, but unshare(${denied.flag}) passes`,
        place: judged.placeOf(verdict.origin),
        related: judged.placeOf(denied.verdict.origin),
        witness: { arch: abi.name, nr: numberOf(abi.name, 'unshare')!, args },
        fix: advice('deny unshare, or the same flags of it'),
      };
      return;
    }
  },
};
