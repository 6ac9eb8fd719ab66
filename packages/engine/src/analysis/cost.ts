import { compileUnproved, FilterTooLarge } from '../compile/compile.ts';
import type { NodeId } from '../diagram/diagram.ts';
import { restrict } from '../diagram/restrict.ts';
import type { Policy } from '../policy/policy.ts';
import type { Abi } from '../syscalls/arch.ts';
import { callsOf } from '../syscalls/lookup.ts';

/** What the arguments of one call cost, in instructions. */
export interface CallCost {
  readonly abi: Abi;
  readonly name: string;
  readonly nr: number;
  /** Infinity where they are too many to be counted. */
  readonly instructions: number;
}

/** The calls whose arguments take the most instructions to decide, the dearest first; only those that ask for any. */
export function costliestCalls(policy: Policy, most: number): CallCost[] {
  const { diagram, root, endian, abis } = policy;
  const known = new Map<NodeId, number>();
  const instructions = (node: NodeId): number => {
    const length =
      known.get(node) ?? lengthOf(() => compileUnproved({ diagram, root: node }, endian, {}).length);
    known.set(node, length);
    return length;
  };
  return abis
    .flatMap((abi) => callsOf(abi.name).map(([name, nr]) => ({ abi, name, nr })))
    .map((call) => ({ ...call, node: restrict(diagram, root, call.abi.auditArch, call.nr) }))
    .filter(({ node }) => !diagram.isTerminal(node))
    .map(({ abi, name, nr, node }) => ({
      abi,
      name,
      nr,
      instructions: instructions(node),
    }))
    .sort((a, b) => b.instructions - a.instructions)
    .slice(0, most);
}

function lengthOf(compile: () => number): number {
  try {
    return compile();
  } catch (fault) {
    if (fault instanceof FilterTooLarge) return Infinity;
    throw fault;
  }
}
