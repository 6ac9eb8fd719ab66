import type { Tree } from './decision-tree.ts';
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

/** One equality test for each single value, then the tree. */
export function chainOf(singles: readonly Range[], otherwise: Tree): Tree {
  return singles.reduceRight<Tree>(
    (no, { low, exit }) => ({ kind: 'equal', k: low, yes: { kind: 'exit', exit }, no }),
    otherwise,
  );
}

/** The tree that is written with fewer instructions; the first when both take the same. */
export function shorter(a: Tree, b: Tree): Tree {
  return instructionsOf(b) < instructionsOf(a) ? b : a;
}

function instructionsOf(tree: Tree): number {
  switch (tree.kind) {
    case 'exit':
      return 0;
    case 'fold':
      return 2 + instructionsOf(tree.exceptions) + instructionsOf(tree.base);
    case 'masked':
      return 2 + instructionsOf(tree.yes) + instructionsOf(tree.no);
    default:
      return 1 + instructionsOf(tree.yes) + instructionsOf(tree.no);
  }
}
