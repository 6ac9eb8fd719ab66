import { advice } from '../../diagnostics/diagnostic.ts';
import { type Abi, abiOf } from '../../syscalls/arch.ts';
import { numberOf } from '../../syscalls/lookup.ts';
import type { Judged } from '../judged.ts';
import type { PolicyRule } from '../policy-rule.ts';

/** One of the first calls that a program makes. */
const FIRST = 'brk';

/** Programs for 32 bits make their calls on an ABI of their own. */
export const kills32Bit: PolicyRule = {
  code: 'kills-32-bit',
  severity: 'info',
  about:
    'The profile covers x86_64 or aarch64, and not the 32-bit ABI of the same machines: programs for 32 bits start, and are killed at their first call. Many profiles want that.',
  *find(judged) {
    const abi = uncovered(judged);
    // Whoever says on the command line which ABIs are meant says nothing of others.
    if (!abi || judged.target.abis) return;
    const { profile, native } = judged;
    const { action } = judged.verdict(abi, FIRST, []);
    if (action !== 'KILL_THREAD' && action !== 'KILL_PROCESS') return;
    const entry = profile.archMap.find(({ architecture }) => architecture.value === native.token);
    yield {
      message: `programs for 32 bits are killed at their first call: ${abi.name} is not covered`,
      place: (profile.architectures[0] ?? entry ?? profile.defaultAction).span,
      witness: { arch: abi.name, nr: numberOf(abi.name, FIRST)!, args: [] },
      fix: advice(`name ${abi.token} among the architectures, if such programs are to run`),
    };
  },
};

/** The 32-bit ABI of the machine, where the profile says nothing of it. x32 is another matter. */
function uncovered({ native, policy }: Judged): Abi | undefined {
  if (native.name !== 'x86_64' && native.name !== 'aarch64') return undefined;
  const other = native.subAbis.map(abiOf).find(({ auditArch }) => auditArch !== native.auditArch);
  return other && !policy.abis.includes(other) ? other : undefined;
}
