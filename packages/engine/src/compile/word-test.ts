import type { Diagram, NodeId } from '../policy/diagram.ts';
import { decisionTree, type Tree, type Weight } from './decision-tree.ts';
import { cubeOf, rangesOf, type WordIndex, wordOfVariable } from './words.ts';

/** Beyond this many ranges a word is decided bit by bit. */
const MOST_RANGES = 1024;

/** How to decide about one word, once it is loaded, in as few instructions as intervals, masks or single bits allow. */
export function wordTest(diagram: Diagram, node: NodeId, word: WordIndex, weight: Weight): Tree {
  const cube = cubeOf(diagram, node, word);
  if (cube && isIntervalFree(cube.mask)) {
    const yes: Tree = { kind: 'exit', exit: cube.yes };
    const no: Tree = { kind: 'exit', exit: cube.no };
    if (cube.value === 0) return { kind: 'anyBit', k: cube.mask, yes: no, no: yes };
    if (isPowerOfTwo(cube.mask)) return { kind: 'anyBit', k: cube.mask, yes, no };
    return { kind: 'masked', mask: cube.mask, k: cube.value, yes, no };
  }
  const ranges = rangesOf(diagram, node, word, MOST_RANGES);
  const nodes = nodesInWord(diagram, node, word);
  if (ranges && ranges.length <= nodes + 1) return decisionTree(ranges, weight);
  return bitTest(diagram, node, word, weight);
}

function bitTest(diagram: Diagram, node: NodeId, word: WordIndex, weight: Weight): Tree {
  const k = 2 ** (31 - (diagram.variable(node) % 32));
  const branch = (id: NodeId): Tree =>
    diagram.isTerminal(id) || wordOfVariable(diagram.variable(id)) !== word
      ? { kind: 'exit', exit: id }
      : wordTest(diagram, id, word, weight);
  return { kind: 'anyBit', k, yes: branch(diagram.high(node)), no: branch(diagram.low(node)) };
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
