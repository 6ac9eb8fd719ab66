import type { Word } from '../bpf/seccomp-data.ts';
import type { Diagram, NodeId } from '../diagram/diagram.ts';

/** struct seccomp_data as the diagram's variables have it: sixteen 32-bit words, arch and nr first, ip last. */
export type WordIndex = number;

/** The 32-bit word that the variable is a bit of. */
export function wordOfVariable(variable: number): WordIndex {
  return variable >> 5;
}

/** The part of struct seccomp_data that the word is. */
export function partOfWord(word: WordIndex): Word {
  if (word === 0) return { part: 'arch' };
  if (word === 1) return { part: 'nr' };
  const half = word % 2 === 0 ? 'high' : 'low';
  return word < 14 ? { part: 'argument', index: (word - 2) >> 1, half } : { part: 'ip', half };
}

/** Consecutive values of a word that lead to the same node. */
export interface Range {
  readonly low: number;
  readonly high: number;
  readonly exit: NodeId;
}

/** What is known of a word already: its first so many bits, and the lowest value that has them. */
export interface Prefix {
  readonly bits: number;
  readonly low: number;
}

/** The values of a word by where they lead, in ascending order; undefined when there are more ranges than that. */
export function rangesOf(
  diagram: Diagram,
  node: NodeId,
  word: WordIndex,
  prefix: Prefix,
  most: number,
): Range[] | undefined {
  const ranges: { low: number; high: number; exit: NodeId }[] = [];
  const walk = (id: NodeId, bit: number, low: number): boolean => {
    const variable = diagram.variable(id);
    if (wordOfVariable(variable) !== word || diagram.isTerminal(id)) {
      const high = low + 2 ** (32 - bit) - 1;
      const last = ranges.at(-1);
      if (last?.exit === id) last.high = high;
      else ranges.push({ low, high, exit: id });
      return ranges.length <= most;
    }
    const half = 2 ** (31 - bit);
    if (variable % 32 > bit) return walk(id, bit + 1, low) && walk(id, bit + 1, low + half);
    return walk(diagram.low(id), bit + 1, low) && walk(diagram.high(id), bit + 1, low + half);
  };
  return walk(node, prefix.bits, prefix.low) ? ranges : undefined;
}

/** How many ranges tell a word's values apart, and how many nodes of the diagram; told without making the ranges. */
export function extentOf(
  diagram: Diagram,
  node: NodeId,
  word: WordIndex,
  prefix: Prefix,
): { readonly ranges: number; readonly nodes: number } {
  interface Run {
    readonly ranges: number;
    readonly first: NodeId;
    readonly last: NodeId;
  }
  const done = new Map<NodeId, Run>();
  const inWord = (id: NodeId) => wordOfVariable(diagram.variable(id)) === word && !diagram.isTerminal(id);
  const joined = (a: Run, b: Run): Run => ({
    ranges: a.ranges + b.ranges - (a.last === b.first ? 1 : 0),
    first: a.first,
    last: b.last,
  });
  /** From a bit on, on which the node may not depend: then all of it comes again and again. */
  const from = (id: NodeId, bit: number): Run => {
    if (!inWord(id)) return { ranges: 1, first: id, last: id };
    const run = own(id);
    const times = 2 ** ((diagram.variable(id) % 32) - bit);
    return { ...run, ranges: times * run.ranges - (run.last === run.first ? times - 1 : 0) };
  };
  const own = (id: NodeId): Run => {
    let run = done.get(id);
    if (!run) {
      const bit = (diagram.variable(id) % 32) + 1;
      run = joined(from(diagram.low(id), bit), from(diagram.high(id), bit));
      done.set(id, run);
    }
    return run;
  };
  const { ranges } = from(node, prefix.bits);
  return { ranges, nodes: done.size };
}

/** A test of some bits: (word & mask) == value leads to `yes`, everything else to `no`. */
export interface WordCube {
  readonly mask: number;
  readonly value: number;
  readonly yes: NodeId;
  readonly no: NodeId;
}

/** The node as one test of bits, if it is one: then it is a chain in which every step but one leads to the same `no`. */
export function cubeOf(diagram: Diagram, node: NodeId, word: WordIndex): WordCube | undefined {
  const inWord = (id: NodeId) => !diagram.isTerminal(id) && wordOfVariable(diagram.variable(id)) === word;
  let mask = 0;
  let value = 0;
  let id = node;
  let no: NodeId | undefined;
  while (inWord(id)) {
    const low = diagram.low(id);
    const high = diagram.high(id);
    const bit = 2 ** (31 - (diagram.variable(id) % 32));
    mask += bit;
    if (inWord(low) && inWord(high)) return undefined;
    // At the last bit both branches leave the word: the one that is not `no` is `yes`.
    const goesHigh = inWord(high) || (!inWord(low) && (no === undefined ? high > low : low === no));
    const other = goesHigh ? low : high;
    if (no !== undefined && other !== no) return undefined;
    no = other;
    if (goesHigh) value += bit;
    id = goesHigh ? high : low;
  }
  return { mask, value, yes: id, no: no! };
}

export function isOneBit(mask: number): boolean {
  return Math.log2(mask) % 1 === 0;
}
