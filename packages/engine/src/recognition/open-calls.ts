import { actionOfWord, executes } from '../bpf/action.ts';
import { callsWhere } from '../diagram/call-set.ts';
import { Diagram } from '../diagram/diagram.ts';
import { restrict } from '../diagram/restrict.ts';
import { capabilityChecks, isAlwaysAsked } from '../lint/capability-checks.ts';
import type { Policy } from '../policy/policy.ts';
import { compareKernels, parseKernel } from '../profile/profile.ts';
import type { Target } from '../runtime/target.ts';
import { abiOf } from '../syscalls/arch.ts';
import { sinceOf } from '../syscalls/arguments.ts';
import { numberOf } from '../syscalls/lookup.ts';
import { notableCallsByCategory } from '../syscalls/notable.ts';

/** It adds a filter, which only tightens. */
const HARMLESS = 'seccomp';

/**
 * The calls that an attacker likes, and that the machine's own ABI executes with any arguments, by name: without those that the
 * kernel lacks, and those for which it always asks for a capability that the target has not.
 */
export function openNotableCalls(
  { diagram, root }: Policy,
  { native, kernel, capabilities }: Pick<Target, 'native' | 'kernel' | 'capabilities'>,
): string[] {
  const { auditArch } = abiOf(native);
  const passes = (nr: number) =>
    callsWhere(diagram, restrict(diagram, root, auditArch, nr), (word) =>
      executes(actionOfWord(word).kind),
    ) === Diagram.TRUE;
  return notableCallsByCategory()
    .map(({ name }) => name)
    .filter((name) => {
      const nr = numberOf(native, name);
      const since = parseKernel(sinceOf(name) ?? '');
      const isThere = nr !== undefined && (!since || compareKernels(since, kernel) <= 0);
      return name !== HARMLESS && isThere && isWithinReach(name, capabilities) && passes(nr);
    });
}

function isWithinReach(name: string, capabilities: readonly string[]): boolean {
  const always = capabilityChecks(name).find(isAlwaysAsked);
  return !always || always.capability.split(' or ').some((one) => capabilities.includes(one));
}
