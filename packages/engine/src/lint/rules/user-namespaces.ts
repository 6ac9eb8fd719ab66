import { executes } from '../../bpf/action.ts';
import { advice } from '../../diagnostics/diagnostic.ts';
import type { Condition } from '../../profile/profile.ts';
import { ENOSYS } from '../../runtime/enosys-stub.ts';
import type { Abi } from '../../syscalls/arch.ts';
import { numberOf } from '../../syscalls/lookup.ts';
import { havingBits } from '../mends.ts';
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
    const open = ways.flatMap(([name, args]) => {
      const nr = numberOf(native.name, name);
      const verdict = nr === undefined ? undefined : judged.verdict(native, name, args);
      return verdict && executes(verdict.action) ? [{ name, nr: nr!, args, origin: verdict.origin }] : [];
    });
    for (const { name, nr, args, origin } of open.slice(0, 1))
      yield {
        message: `a process may make a user namespace, and has every capability in it: ${name} with CLONE_NEWUSER passes`,
        place: judged.placeOf(origin),
        witness: { arch: native.name, nr, args },
        fix: advice('deny unshare, clone with CLONE_NEWUSER (0x10000000), and answer clone3 with ENOSYS'),
        mend: {
          kind: 'decide',
          calls: open.map(({ name: call }) => ({
            names: [call],
            kind: 'deny',
            ...(call === 'clone3' && { errno: ENOSYS }),
            conditions: call === 'clone3' ? [] : [hasNewUser(native, call)],
          })),
        },
      };
  },
};

/** The flag is in argument 0 but on s390, where clone has the stack there. */
function hasNewUser(native: Abi, call: string): Condition {
  const argument = call === 'clone' ? cloneArguments(native, NEWUSER).indexOf(NEWUSER) : 0;
  return havingBits(argument, NEWUSER, NEWUSER);
}
