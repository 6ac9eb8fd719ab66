import { Diagram, type NodeId } from './diagram.ts';
import { type Call, IP, NR, VARIABLES } from './fields.ts';

/**
 * Sets of calls are conditions: diagrams whose words are FALSE and TRUE. and, or and not of Diagram are their
 * intersection, union and complement; equal sets are equal nodes.
 */
export type CallSet = NodeId;

/** The calls to which the diagram gives a word that the predicate takes. */
export function callsWhere(diagram: Diagram, root: NodeId, takes: (word: number) => boolean): CallSet {
  return diagram.map(root, (word) => (takes(word) ? Diagram.TRUE : Diagram.FALSE));
}

/** The calls in `a` that are not in `b`. */
export function difference(diagram: Diagram, a: CallSet, b: CallSet): CallSet {
  return diagram.choose(b, Diagram.FALSE, a);
}

/** Whether every call of `a` is in `b`. */
export function isSubset(diagram: Diagram, a: CallSet, b: CallSet): boolean {
  return difference(diagram, a, b) === Diagram.FALSE;
}

/** Exactly how many calls the set has, of 2^512: all values of arch, nr, six arguments and the instruction pointer. */
export function countCalls(diagram: Diagram, set: CallSet): bigint {
  return countFrom(diagram, set, 0);
}

/** How many values of the six arguments a set has that tests nothing but arguments, of 2^384. */
export function countArguments(diagram: Diagram, set: CallSet): bigint {
  return countFrom(diagram, set, NR.first + NR.bits) >> BigInt(IP.bits);
}

/** The assignments of the variables from `first` on. */
function countFrom(diagram: Diagram, set: CallSet, first: number): bigint {
  const counts = new Map<NodeId, bigint>();
  const variable = (id: NodeId) => (diagram.isTerminal(id) ? VARIABLES : diagram.variable(id));
  const walk = (id: NodeId): bigint => {
    if (diagram.isTerminal(id)) return BigInt(diagram.word(id));
    let count = counts.get(id);
    if (count === undefined) {
      const branch = (next: NodeId) => walk(next) << BigInt(variable(next) - variable(id) - 1);
      count = branch(diagram.low(id)) + branch(diagram.high(id));
      counts.set(id, count);
    }
    return count;
  };
  return walk(set) << BigInt(variable(set) - first);
}

/**
 * The smallest call of a set, arch before nr before argument 0 and so on: what it does not have to set is zero.
 * Undefined when the set is empty.
 */
export function smallestCall(diagram: Diagram, set: CallSet): Call | undefined {
  if (set === Diagram.FALSE) return undefined;
  const words = [0n, 0n, 0n, 0n, 0n, 0n, 0n, 0n];
  // In a reduced diagram every node but FALSE leads to TRUE.
  for (let id = set; !diagram.isTerminal(id); ) {
    const variable = diagram.variable(id);
    const goesLow = diagram.low(id) !== Diagram.FALSE;
    if (!goesLow) words[variable >> 6] |= 1n << BigInt(63 - (variable & 63));
    id = goesLow ? diagram.low(id) : diagram.high(id);
  }
  return {
    arch: Number(words[0] >> 32n),
    nr: Number(words[0] & 0xffff_ffffn),
    args: words.slice(1, 7),
    ip: words[7],
  };
}
