import { executes } from '../../bpf/action.ts';
import { advice } from '../../diagnostics/diagnostic.ts';
import { nameOf, numberOf } from '../../syscalls/lookup.ts';
import { multiplexed } from '../../syscalls/multiplex.ts';
import type { PolicyRule } from '../policy-rule.ts';

/** What a rule denies or filters, a multiplexer of another ABI lets through. */
export const multiplexerPasses: PolicyRule = {
  code: 'multiplexer-passes',
  severity: 'high',
  about:
    'A rule denies a call, or allows it with some arguments alone, but 32-bit programs reach the same call through socketcall or ipc, whose arguments stand in memory, and that passes.',
  *find(judged) {
    const { native, policy, profile } = judged;
    const seen = new Set<string>();
    for (const { value: name, span } of profile.rules.flatMap((rule) => rule.names)) {
      const through = multiplexed(name);
      const isThere = judged.decision(native, name) !== undefined;
      if (!through || !isThere || judged.passes(native, name) === 'always' || seen.has(name)) continue;
      seen.add(name);
      const args = [BigInt(through.subcall)];
      for (const abi of policy.abis) {
        const nr = numberOf(abi.name, through.through);
        if (nr === undefined || nameOf(abi.name, nr) !== through.through) continue;
        const { action, origin } = judged.verdict(abi, through.through, args);
        if (!executes(action)) continue;
        yield {
          message: `${name} is ${judged.passes(native, name) === 'never' ? 'denied' : 'filtered by its arguments'}, but on ${abi.name} ${through.through}(${through.subcall}, …) does the same and passes`,
          place: span,
          ...(origin.because === 'rule' && { related: origin.span }),
          witness: { arch: abi.name, nr, args },
          fix: advice(
            `answer ${through.through} with ERRNO and errnoRet 38, or leave ${abi.name} out of the architectures`,
          ),
        };
        break;
      }
    }
  },
};
