import { executes } from '../../bpf/action.ts';
import { advice } from '../../diagnostics/diagnostic.ts';
import { numberOf } from '../../syscalls/lookup.ts';
import { capabilityChecks } from '../capability-checks.ts';
import type { Judged } from '../judged.ts';
import { inWords } from '../listed.ts';
import { cloneArguments, NAMESPACE_FLAGS, SIGCHLD } from '../namespaces.ts';
import type { PolicyRule } from '../policy-rule.ts';
import { userNamespaces } from './user-namespaces.ts';

const [[, NEWUSER], [, NEWNS]] = NAMESPACE_FLAGS;
/** Calls that do nothing without a capability in the user namespace that owns the mount namespace. */
const MOUNTING = ['mount', 'fsopen', 'move_mount', 'mount_setattr', 'pivot_root'];
/** Without these there is nothing that the others could be done to. */
const FIRST = ['mount', 'fsopen'];

/** What root alone may do else. */
export const capabilitiesInNamespace: PolicyRule = {
  code: 'capabilities-in-namespace',
  severity: 'info',
  about:
    'A process may make a user namespace with a mount namespace in it, and calls pass that need CAP_SYS_ADMIN there alone, such as mount. Anybody may then make them, and reach their code in the kernel.',
  *find(judged) {
    const { native } = judged;
    const [made] = userNamespaces.find(judged);
    if (!made || !(makes(judged, NEWUSER | NEWNS) || makes(judged, NEWNS))) return;
    const calls = MOUNTING.filter(
      (name) =>
        judged.isInKernel(name) &&
        judged.passes(native, name) === 'always' &&
        capabilityChecks(name).some(({ initialOnly }) => !initialOnly),
    );
    const [first] = calls;
    if (first === undefined || !FIRST.includes(first)) return;
    const witness = judged.witness(native, first);
    yield {
      message: `in a user namespace of its own a process may also call ${inWords(calls)}, with CAP_SYS_ADMIN there`,
      place: judged.placeOf(judged.verdict(native, first, witness.args).origin),
      related: made.place,
      witness,
      fix: advice('deny these calls, or the making of user namespaces'),
    };
  },
};

function makes(judged: Judged, flags: bigint): boolean {
  const { native } = judged;
  const passes = (name: string, args: readonly bigint[]) =>
    numberOf(native.name, name) !== undefined && executes(judged.verdict(native, name, args).action);
  return (
    passes('unshare', [flags]) ||
    passes('clone', cloneArguments(native, flags | SIGCHLD)) ||
    (judged.isInKernel('clone3') && passes('clone3', []))
  );
}
