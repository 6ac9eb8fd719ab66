import type { Costs, Tree } from './decision-tree.ts';
import type { Range } from './words.ts';

/** Single values that stand inside what is otherwise one exit, and the ranges that remain without them. */
export interface Singles {
  readonly singles: readonly Range[];
  readonly rest: readonly Range[];
}

/**
 * Takes out each single value between two ranges of one exit, which become one range: a JEQ in front then spares both
 * of its borders, while a JGE decides but one.
 */
export function takeSingles(ranges: readonly Range[]): Singles {
  const singles: Range[] = [];
  const rest: Range[] = [];
  for (const range of ranges) {
    const between = rest.at(-1);
    const before = rest.at(-2);
    if (between && between.low === between.high && before?.exit === range.exit) {
      singles.push(between);
      rest.splice(-2, 2, { low: before.low, high: range.high, exit: range.exit });
    } else rest.push(range);
  }
  return { singles, rest };
}

/** The tree with an equality test for each single value, the likelier first, where the tree has found out that it may be. */
export function withSingles(singles: readonly Range[], tree: Tree, costs: Costs): Tree {
  if (singles.length === 0) return tree;
  switch (tree.kind) {
    case 'atLeast': {
      const isAbove = ({ low }: Range) => low >= tree.k;
      return {
        ...tree,
        yes: withSingles(singles.filter(isAbove), tree.yes, costs),
        no: withSingles(
          singles.filter((single) => !isAbove(single)),
          tree.no,
          costs,
        ),
      };
    }
    case 'equal':
      return { ...tree, no: withSingles(singles, tree.no, costs) };
    default:
      return singles
        .toSorted((a, b) => costs.weight(a) - costs.weight(b))
        .reduce<Tree>(
          (no, { low, exit }) => ({ kind: 'equal', k: low, yes: { kind: 'exit', exit }, no }),
          tree,
        );
  }
}

/** How many tests the mean call takes, for ranges on which the tree decides alike. */
export function meanOf(tree: Tree, ranges: readonly Range[], costs: Costs): number {
  return ranges.reduce((sum, range) => sum + costs.weight(range) * depthOf(tree, range.low), 0);
}

function depthOf(tree: Tree, value: number): number {
  let depth = 0;
  for (let at = tree; ; depth++) {
    if (at.kind === 'atLeast') at = value >= at.k ? at.yes : at.no;
    else if (at.kind === 'equal') at = value === at.k ? at.yes : at.no;
    else return depth;
  }
}

/** The tree that is written with fewer instructions; the first when both take the same. */
export function shorter(a: Tree, b: Tree): Tree {
  return instructionsOf(b) < instructionsOf(a) ? b : a;
}

/** How many instructions a tree takes, those behind its exits not counted. */
export function instructionsOf(tree: Tree): number {
  switch (tree.kind) {
    case 'exit':
      return 0;
    case 'reload':
      return 1 + instructionsOf(tree.next);
    case 'fold':
      return 2 + instructionsOf(tree.exceptions) + instructionsOf(tree.base);
    case 'masked':
      return 2 + instructionsOf(tree.yes) + instructionsOf(tree.no);
    default:
      return 1 + instructionsOf(tree.yes) + instructionsOf(tree.no);
  }
}
