import type { ActionKind } from '../bpf/action.ts';
import { Diagram, type NodeId } from '../diagram/diagram.ts';
import { ARCH, NR } from '../diagram/fields.ts';
import { type Abi, X32_BIT } from '../syscalls/arch.ts';
import { multiplexed } from '../syscalls/multiplex.ts';

/** The errno that the stub answers. */
export const ENOSYS = 38;

/** Default actions before which runc puts no stub (patchbpf: isAllowAction). */
const STUBLESS: readonly ActionKind[] = ['ALLOW', 'LOG', 'TRACE'];

/** Whether runc prepends its stub before a filter with this default action. */
export function hasStub(defaultAction: ActionKind): boolean {
  return !STUBLESS.includes(defaultAction);
}

/**
 * The calls that runc's stub answers with ENOSYS before the filter is asked: on each ABI the numbers above the largest
 * of any name in the profile. Mirrors libcontainer/seccomp/patchbpf: findLastSyscalls and generateEnosysStub.
 */
export function stubDiagram(
  diagram: Diagram,
  abis: readonly Abi[],
  names: readonly string[],
  numberOf: (abi: Abi, name: string) => number | undefined,
): NodeId {
  const horizons = abis
    .map((abi) => ({ abi, largest: largestNumber(abi, names, numberOf) }))
    .filter((h) => h.largest > 0);
  const x32 = diagram.maskedEquals(NR, BigInt(X32_BIT), BigInt(X32_BIT));
  let covered = Diagram.FALSE;
  for (const { abi, largest } of horizons) {
    let beyond = diagram.atLeast(NR, largest + 1);
    if (abi.name === 'x86_64') beyond = diagram.and(diagram.not(x32), beyond);
    if (abi.name === 'x32') beyond = diagram.and(x32, beyond);
    // setup(2) is what a call that the kernel does not know turns into on s390.
    if (abi.name === 's390' || abi.name === 's390x') beyond = diagram.or(diagram.equals(NR, 0), beyond);
    covered = diagram.or(covered, diagram.and(diagram.equals(ARCH, abi.auditArch), beyond));
  }
  return covered;
}

/** libseccomp gives multiplexed names a negative number on the ABIs that multiplex, so they do not count. */
function largestNumber(
  abi: Abi,
  names: readonly string[],
  numberOf: (abi: Abi, name: string) => number | undefined,
): number {
  let largest = 0;
  for (const name of names) {
    if (abi.multiplexed && multiplexed(name)) continue;
    largest = Math.max(largest, numberOf(abi, name) ?? 0);
  }
  return largest;
}
