import { executes } from '../../bpf/action.ts';
import { advice } from '../../diagnostics/diagnostic.ts';
import { numberOf } from '../../syscalls/lookup.ts';
import { cloneArguments, NAMESPACE_FLAGS, SIGCHLD } from '../namespaces.ts';
import type { PolicyRule } from '../policy-rule.ts';

const [[, NEWUSER]] = NAMESPACE_FLAGS;

/** Whoever may make a user namespace has all capabilities in it. */
export const userNamespaces: PolicyRule = {
  code: 'user-namespaces',
  severity: 'medium',
  about:
    'A process may make a user namespace, in which it has every capability. Code of the kernel that root alone could reach can then be reached by anybody.',
  *find(judged) {
    const { native } = judged;
    const ways: readonly (readonly [string, readonly bigint[]])[] = [
      ['unshare', [NEWUSER]],
      ['clone', cloneArguments(native, NEWUSER | SIGCHLD)],
      // Its flags stand in memory.
      ...(judged.isInKernel('clone3') ? ([['clone3', []]] as const) : []),
    ];
    for (const [name, args] of ways) {
      const nr = numberOf(native.name, name);
      if (nr === undefined) continue;
      const { action, origin } = judged.verdict(native, name, args);
      if (!executes(action)) continue;
      yield {
        message: `a process may make a user namespace, and has every capability in it: ${name} with CLONE_NEWUSER passes`,
        place: judged.placeOf(origin),
        witness: { arch: native.name, nr, args },
        fix: advice('deny unshare, clone with CLONE_NEWUSER (0x10000000), and answer clone3 with ENOSYS'),
      };
      return;
    }
  },
};
