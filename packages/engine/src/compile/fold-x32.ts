import { X32_BIT } from '../syscalls/arch.ts';
import { type Costs, decisionTree, FOLD, type Tree } from './decision-tree.ts';
import type { Range } from './words.ts';

/** Fewer ranges on either side are decided together. */
const FEWEST = 6;
/** The exit that stands for all numbers with x32's bit while those without it are decided. No node has this id. */
const WITH_BIT = -2;

/**
 * The decision about a call number whose ranges go on beyond x32's bit: x32 numbers are mostly x86_64's with that bit
 * set. Either the two sides are decided apart, or, if fewer instructions are worth it, x32 numbers that differ are
 * sorted out first and the others take x86_64's path with the bit cleared. Undefined when one side has little to decide.
 */
export function decideX32(ranges: readonly Range[], costs: Costs): Tree | undefined {
  const [below, beyond] = cut(ranges, X32_BIT);
  if (below.length < FEWEST || beyond.length < FEWEST) return undefined;
  const different = exceptions(below, beyond);
  const executedMore = below.reduce((sum, range) => sum + costs.weight(range), 0);
  const writtenLess = ((beyond.length - different.length) / 2) * costs.instruction;
  return writtenLess > executedMore ? fold(below, different, costs) : decideApart(below, beyond, costs);
}

function fold(below: readonly Range[], different: readonly Range[], costs: Costs): Tree {
  return {
    kind: 'fold',
    bit: X32_BIT,
    exceptions: decisionTree(different, costs),
    base: decisionTree(below, costs),
  };
}

function decideApart(below: readonly Range[], beyond: readonly Range[], costs: Costs): Tree {
  const weight = beyond.reduce((sum, range) => sum + costs.weight(range), 0);
  const rest: Range = { low: X32_BIT, high: 2 ** 32 - 1, exit: WITH_BIT };
  const outer = decisionTree([...below, rest], {
    ...costs,
    weight: (range) => (range === rest ? weight : costs.weight(range)),
  });
  return replaceExit(outer, decisionTree(beyond, costs));
}

/** The tree with another in the place of its exit WITH_BIT. */
function replaceExit(tree: Tree, by: Tree): Tree {
  if (tree.kind === 'exit') return tree.exit === WITH_BIT ? by : tree;
  if (tree.kind === 'fold') return tree;
  if (tree.kind === 'reload') return { ...tree, next: replaceExit(tree.next, by) };
  return { ...tree, yes: replaceExit(tree.yes, by), no: replaceExit(tree.no, by) };
}

/** The ranges below a value and from it on. */
function cut(ranges: readonly Range[], at: number): [below: Range[], beyond: Range[]] {
  const below: Range[] = [];
  const beyond: Range[] = [];
  for (const { low, high, exit } of ranges) {
    if (low < at) below.push({ low, high: Math.min(high, at - 1), exit });
    if (high >= at) beyond.push({ low: Math.max(low, at), high, exit });
  }
  return [below, beyond];
}

/** The numbers with the bit that do not lead where those without it lead; FOLD for all others. */
function exceptions(below: readonly Range[], beyond: readonly Range[]): Range[] {
  const found: { low: number; high: number; exit: number; mayFold: boolean }[] = [];
  for (const piece of pieces(below, beyond)) {
    const last = found.at(-1);
    if (last && (last.mayFold ? piece.mayFold : last.exit === piece.exit)) last.high = piece.high;
    else found.push({ ...piece });
  }
  return found.map(({ low, high, exit, mayFold }) => ({ low, high, exit: mayFold ? FOLD : exit }));
}

/** The numbers with the bit, cut where either side changes. Only bit 31 clear may fold. */
function* pieces(below: readonly Range[], beyond: readonly Range[]) {
  let i = 0;
  for (const { low, high, exit } of beyond) {
    for (let from = low; from <= high; ) {
      const folds = from < 2 * X32_BIT;
      while (folds && below[i].high < from - X32_BIT) i++;
      const to = folds ? Math.min(high, below[i].high + X32_BIT) : high;
      yield { low: from, high: to, exit, mayFold: folds && below[i].exit === exit };
      from = to + 1;
    }
  }
}
