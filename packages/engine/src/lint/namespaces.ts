import type { Verdict } from '../analysis/explain.ts';
import { executes, freedomOf } from '../bpf/action.ts';
import type { Abi } from '../syscalls/arch.ts';
import type { Judged } from './judged.ts';

export const SIGCHLD = 17n;

/** The flags of clone(2) and unshare(2) that make namespaces (linux/sched.h), the one that gives capabilities first. */
export const NAMESPACE_FLAGS: readonly (readonly [name: string, flag: bigint])[] = [
  ['CLONE_NEWUSER', 0x1000_0000n],
  ['CLONE_NEWNS', 0x0002_0000n],
  ['CLONE_NEWPID', 0x2000_0000n],
  ['CLONE_NEWNET', 0x4000_0000n],
  ['CLONE_NEWUTS', 0x0400_0000n],
  ['CLONE_NEWIPC', 0x0800_0000n],
  ['CLONE_NEWCGROUP', 0x0200_0000n],
];

/** The arguments of a clone with flags. s390 has the stack first. */
export function cloneArguments({ name }: Abi, flags: bigint): bigint[] {
  return name === 's390x' || name === 's390' ? [0n, flags] : [flags];
}

/** A namespace that clone may not make, though it makes processes, and what denies it. */
export interface DeniedNamespace {
  readonly flag: string;
  readonly bit: bigint;
  readonly verdict: Verdict;
}

/** The kinds of namespaces that a condition on clone's flags keeps it from making. */
export function namespacesDeniedToClone(judged: Judged, abi: Abi): DeniedNamespace[] {
  if (judged.passes(abi, 'clone') !== 'sometimes') return [];
  const verdictOf = (flags: bigint) => judged.verdict(abi, 'clone', cloneArguments(abi, flags));
  if (!executes(verdictOf(SIGCHLD).action)) return [];
  return NAMESPACE_FLAGS.map(([flag, bit]) => ({ flag, bit, verdict: verdictOf(bit | SIGCHLD) })).filter(
    ({ verdict }) => freedomOf(verdict.action) === 0,
  );
}
