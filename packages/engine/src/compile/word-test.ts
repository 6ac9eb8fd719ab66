import type { Diagram, NodeId } from '../diagram/diagram.ts';
import { type Costs, decisionTree, favoursSize, MUCH_LONGER, maskTest, type Tree } from './decision-tree.ts';
import { decideX32 } from './fold-x32.ts';
import { oneAfterAnother } from './one-after-another.ts';
import { instructionsOf, shorter, takeSingles, withSingles } from './singles.ts';
import {
  cubeOf,
  extentOf,
  type Prefix,
  type Range,
  rangesOf,
  type WordIndex,
  wordOfVariable,
} from './words.ts';

/** Beyond this many ranges a word is decided bit by bit. */
const MOST_RANGES = 1024;
/** A chain of equality tests that a kernel takes has no more ranges than that. */
const MOST_IN_CHAIN = 8192;
/** So many ranges cost less than one diagram node tested by its bit, whose tests share nothing within a word. */
const WORTH = 4;
/** And so many where single values stand apart, each of which is one test. */
const WORTH_IN_CHAIN = 16;

/** Nothing is shorter than the comparisons of so few ranges, or such a tree. */
const FEW_RANGES = 3;
const SHORT = 3;
/** So many single values are no masks. */
const MOST_SINGLES = 64;
/** Of what may be spent, so much that no filter comes to more bits than a kernel takes instructions. */
const BIT_WORK = 10_000;

const NR_WORD: WordIndex = 1;
const NOTHING_KNOWN: Prefix = { bits: 0, low: 0 };

/**
 * How to decide about one word, once it is loaded, in as few instructions as intervals, masks or single bits allow. Nodes of
 * the same word that are `written` already may be gone on to.
 */
export function wordTest(
  diagram: Diagram,
  node: NodeId,
  word: WordIndex,
  costs: Costs,
  written: readonly NodeId[] = [],
): Tree {
  const cube = cubeTest(diagram, node, word);
  if (cube) return cube;
  const inOrder = () => costs.attempt(() => oneAfterAnother(diagram, node, word, costs, written));
  // Where speed is what counts, tests one after the other have to be shorter by far.
  const factor = favoursSize(costs) ? 1 : MUCH_LONGER;
  const ranges = fewRanges(diagram, node, word, NOTHING_KNOWN);
  if (ranges) {
    const tree = rangeTest(ranges, word, costs);
    const length = instructionsOf(tree);
    if (word <= NR_WORD || ranges.length <= FEW_RANGES || length <= SHORT) return tree;
    if (takeSingles(ranges).singles.length > MOST_SINGLES) return tree;
    const tests = inOrder();
    return tests && instructionsOf(tests) * factor < length ? tests : tree;
  }
  const tests = inOrder();
  const chain = favoursSize(costs) ? chainTest(diagram, node, word, costs) : undefined;
  const other = tests && chain ? shorter(chain, tests) : (tests ?? chain);
  const most = other ? instructionsOf(other) * factor : Infinity;
  return bitTest(diagram, node, word, costs, most) ?? other!;
}

/** Asks for single bits, and otherwise for what is left once they are known; undefined when that takes more instructions. */
function bitTest(
  diagram: Diagram,
  node: NodeId,
  word: WordIndex,
  costs: Costs,
  most: number,
): Tree | undefined {
  let left = most;
  const byBit = (id: NodeId, prefix: Prefix): Tree | undefined => {
    costs.spend(BIT_WORK);
    if (--left < 0) return undefined;
    const bit = diagram.variable(id) % 32;
    const k = 2 ** (31 - bit);
    // What follows knows the bit, if it is the next one.
    const known = (one: boolean): Prefix =>
      bit === prefix.bits ? { bits: bit + 1, low: prefix.low + (one ? k : 0) } : prefix;
    const yes = rest(diagram.high(id), known(true));
    const no = yes && rest(diagram.low(id), known(false));
    return no && { kind: 'anyBit', k, yes, no };
  };
  const rest = (id: NodeId, prefix: Prefix): Tree | undefined => {
    if (diagram.isTerminal(id) || wordOfVariable(diagram.variable(id)) !== word)
      return { kind: 'exit', exit: id };
    const ranges = fewRanges(diagram, id, word, prefix);
    const tree = cubeTest(diagram, id, word) ?? (ranges && rangeTest(ranges, word, costs));
    if (!tree) return byBit(id, prefix);
    left -= instructionsOf(tree);
    return left < 0 ? undefined : tree;
  };
  return byBit(node, NOTHING_KNOWN);
}

/** A single test of some bits, where that is all. */
function cubeTest(diagram: Diagram, node: NodeId, word: WordIndex): Tree | undefined {
  const cube = cubeOf(diagram, node, word);
  if (!cube || !isIntervalFree(cube.mask)) return undefined;
  return maskTest(cube.mask, cube.value, { kind: 'exit', exit: cube.yes }, { kind: 'exit', exit: cube.no });
}

/** The ranges that a word is told apart by, where these cost less than its bits. */
function fewRanges(diagram: Diagram, node: NodeId, word: WordIndex, prefix: Prefix): Range[] | undefined {
  const { ranges, nodes } = extentOf(diagram, node, word, prefix);
  if (ranges > Math.min(MOST_RANGES, WORTH * nodes + 1)) return undefined;
  return rangesOf(diagram, node, word, prefix, ranges);
}

function rangeTest(ranges: readonly Range[], word: WordIndex, costs: Costs): Tree {
  return (word === NR_WORD ? decideX32(ranges, costs) : undefined) ?? decisionTree(ranges, costs);
}

/** Picks out single values first, if what remains is little. */
function chainTest(diagram: Diagram, node: NodeId, word: WordIndex, costs: Costs): Tree | undefined {
  const { ranges, nodes } = extentOf(diagram, node, word, NOTHING_KNOWN);
  if (ranges > Math.min(MOST_IN_CHAIN, WORTH_IN_CHAIN * nodes)) return undefined;
  const { singles, rest } = takeSingles(rangesOf(diagram, node, word, NOTHING_KNOWN, ranges)!);
  if (singles.length === 0 || rest.length > MOST_RANGES) return undefined;
  costs.spend(MOST_IN_CHAIN);
  return withSingles(singles, decisionTree(rest, costs), costs);
}

/** A mask of leading bits is an interval, and one that has all bits an equality: ranges serve those better. */
function isIntervalFree(mask: number): boolean {
  const lowest = mask & -mask;
  return (mask | 0) !== -lowest;
}
