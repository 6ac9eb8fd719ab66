import { possibleVerdicts, type Verdict } from '../analysis/explain.ts';
import type { Policy } from '../policy/policy.ts';
import { type AbiName, abiOf } from '../syscalls/arch.ts';
import { callsOf } from '../syscalls/lookup.ts';

/** More of them are not listed, but said to be most. */
const MANY = 100;

/** The calls for which a filter may send SIGSYS, by name; "most" where it does so for all that nobody has named. */
export function killingCalls(policy: Policy, arch: AbiName): readonly string[] | 'most' {
  const names = callsOf(arch).flatMap(([name, nr]) =>
    possibleVerdicts(policy, abiOf(arch), nr).some(({ verdict }) => kills(verdict)) ? [name] : [],
  );
  return names.length > MANY ? 'most' : names;
}

function kills({ action }: Verdict): boolean {
  return action === 'KILL_PROCESS' || action === 'KILL_THREAD' || action === 'TRAP';
}
