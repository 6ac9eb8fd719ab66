import type { Diagram, NodeId } from '../diagram/diagram.ts';
import { type Costs, decisionTree, favoursSize, type Tree } from './decision-tree.ts';
import { decideX32 } from './fold-x32.ts';
import { oneAfterAnother } from './one-after-another.ts';
import { instructionsOf, shorter, takeSingles, withSingles } from './singles.ts';
import { cubeOf, type Prefix, rangesOf, type WordIndex, wordOfVariable } from './words.ts';

/** Beyond this many ranges a word is decided bit by bit. */
const MOST_RANGES = 1024;
/** A chain of equality tests that a kernel takes has no more ranges than that. */
const MOST_IN_CHAIN = 8192;
/** So many ranges cost less than one diagram node tested by its bit, whose tests share nothing within a word. */
const WORTH = 4;

/** Nothing is shorter than the comparisons of so few ranges, or such a tree. */
const FEW_RANGES = 3;
const SHORT = 3;
/** How much longer a filter may be that executes less. */
const MUCH_LONGER = 4;

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
  prefix = NOTHING_KNOWN,
): Tree {
  const cube = cubeOf(diagram, node, word);
  if (cube && isIntervalFree(cube.mask)) {
    const yes: Tree = { kind: 'exit', exit: cube.yes };
    const no: Tree = { kind: 'exit', exit: cube.no };
    if (cube.value === 0) return { kind: 'anyBit', k: cube.mask, yes: no, no: yes };
    if (isPowerOfTwo(cube.mask)) return { kind: 'anyBit', k: cube.mask, yes, no };
    return { kind: 'masked', mask: cube.mask, k: cube.value, yes, no };
  }
  const ranges = rangesOf(diagram, node, word, prefix, MOST_RANGES);
  const nodes = nodesInWord(diagram, node, word);
  const isWhole = prefix.bits === 0;
  if (ranges && ranges.length <= WORTH * nodes + 1) {
    const folded = word === NR_WORD ? decideX32(ranges, costs) : undefined;
    const tree = folded ?? decisionTree(ranges, costs);
    return isWhole && word > NR_WORD && ranges.length > FEW_RANGES
      ? inOrder(diagram, node, word, costs, tree, written)
      : tree;
  }
  const byBits = bitTest(diagram, node, word, costs, prefix);
  if (!isWhole) return byBits;
  const chain = favoursSize(costs) ? chainTest(diagram, node, word, costs) : undefined;
  return inOrder(diagram, node, word, costs, chain ? shorter(byBits, chain) : byBits, written);
}

/** The tree, or tests in the order of rules where those are shorter: by far, where speed is what counts. */
function inOrder(
  diagram: Diagram,
  node: NodeId,
  word: WordIndex,
  costs: Costs,
  tree: Tree,
  written: readonly NodeId[],
): Tree {
  const length = instructionsOf(tree);
  const tests = length > SHORT ? oneAfterAnother(diagram, node, word, costs, written) : undefined;
  const factor = favoursSize(costs) ? 1 : MUCH_LONGER;
  return tests && instructionsOf(tests) * factor < length ? tests : tree;
}

/** Picks out single values first, if what remains is little. */
function chainTest(diagram: Diagram, node: NodeId, word: WordIndex, costs: Costs): Tree | undefined {
  const { singles, rest } = takeSingles(rangesOf(diagram, node, word, NOTHING_KNOWN, MOST_IN_CHAIN) ?? []);
  if (singles.length === 0 || rest.length > MOST_RANGES) return undefined;
  costs.spend(MOST_IN_CHAIN);
  return withSingles(singles, decisionTree(rest, costs), costs);
}

/** Asks for the node's own bit; what follows knows it, if it is the next one. */
function bitTest(diagram: Diagram, node: NodeId, word: WordIndex, costs: Costs, prefix: Prefix): Tree {
  costs.spend(1000);
  const bit = diagram.variable(node) % 32;
  const k = 2 ** (31 - bit);
  const known = (one: boolean): Prefix =>
    bit === prefix.bits ? { bits: bit + 1, low: prefix.low + (one ? k : 0) } : prefix;
  const branch = (id: NodeId, one: boolean): Tree =>
    diagram.isTerminal(id) || wordOfVariable(diagram.variable(id)) !== word
      ? { kind: 'exit', exit: id }
      : wordTest(diagram, id, word, costs, [], known(one));
  return { kind: 'anyBit', k, yes: branch(diagram.high(node), true), no: branch(diagram.low(node), false) };
}

/** A mask of leading bits is an interval, and one that has all bits an equality: ranges serve those better. */
function isIntervalFree(mask: number): boolean {
  const lowest = mask & -mask;
  return (mask | 0) !== -lowest;
}

function isPowerOfTwo(mask: number): boolean {
  return Math.log2(mask) % 1 === 0;
}

function nodesInWord(diagram: Diagram, node: NodeId, word: WordIndex): number {
  const seen = new Set<NodeId>();
  const walk = (id: NodeId): void => {
    if (seen.has(id) || diagram.isTerminal(id) || wordOfVariable(diagram.variable(id)) !== word) return;
    seen.add(id);
    walk(diagram.low(id));
    walk(diagram.high(id));
  };
  walk(node);
  return seen.size;
}
