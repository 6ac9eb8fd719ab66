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
  const { diagram, root, endian, abis, rules } = policy;
  const known = new Map<NodeId, number>();
  const instructions = (node: NodeId): number => {
    const length =
      known.get(node) ?? lengthOf(() => compileUnproved({ diagram, root: node }, endian, { rules }).length);
    known.set(node, length);
    return length;
  };
  const costs: CallCost[] = [];
  let uncounted = 0;
  for (const abi of abis)
    for (const [name, nr] of callsOf(abi.name)) {
      const node = restrict(diagram, root, abi.auditArch, nr);
      if (diagram.isTerminal(node)) continue;
      const cost = { abi, name, nr, instructions: instructions(node) };
      costs.push(cost);
      // Nothing is dearer than these, and finding out takes long.
      if (cost.instructions === Infinity && ++uncounted === most) return dearest(costs, most);
    }
  return dearest(costs, most);
}

function dearest(costs: readonly CallCost[], most: number): CallCost[] {
  return costs.toSorted((a, b) => b.instructions - a.instructions).slice(0, most);
}

function lengthOf(compile: () => number): number {
  try {
    return compile();
  } catch (fault) {
    if (fault instanceof FilterTooLarge) return Infinity;
    throw fault;
  }
}

/** How many instructions the whole filter has; Infinity where they are too many to be counted. */
export function filterLength({ diagram, root, endian, rules }: Policy): number {
  return lengthOf(() => compileUnproved({ diagram, root }, endian, { rules }).length);
}
