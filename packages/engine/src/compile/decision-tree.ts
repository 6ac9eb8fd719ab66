import type { NodeId } from '../diagram/diagram.ts';
import { instructionsOf, meanOf, takeSingles, withSingles } from './singles.ts';
import { isOneBit, type Range } from './words.ts';

/** A decision about one loaded word by comparisons. */
export type Tree =
  | { readonly kind: 'exit'; readonly exit: NodeId }
  /** word == k → yes. */
  | { readonly kind: 'equal'; readonly k: number; readonly yes: Tree; readonly no: Tree }
  /** word >= k → yes. */
  | { readonly kind: 'atLeast'; readonly k: number; readonly yes: Tree; readonly no: Tree }
  /** (word & k) != 0 → yes. */
  | { readonly kind: 'anyBit'; readonly k: number; readonly yes: Tree; readonly no: Tree }
  /** (word & mask) == k → yes; the word is lost. */
  | {
      readonly kind: 'masked';
      readonly mask: number;
      readonly k: number;
      readonly yes: Tree;
      readonly no: Tree;
    }
  /** The word was lost and is loaded again. */
  | { readonly kind: 'reload'; readonly next: Tree }
  /** Words with the bit are decided by `exceptions`, whose exit FOLD leads to `base` with the bit cleared. */
  | { readonly kind: 'fold'; readonly bit: number; readonly exceptions: Tree; readonly base: Tree };

/** In the exceptions of a fold: decide as if the bit were not set. No node has this id. */
export const FOLD: NodeId = -1;

/** How often the call is made that a test serves, as shares of 1, and what one instruction more may cost. */
export interface Costs {
  /** How often a range is asked for. */
  weight(range: Range): number;
  /** The expected number of executed instructions that one instruction of the program is worth. */
  readonly instruction: number;
  /** Called with the work that a decision takes; throws when it is too much for any filter that a kernel takes. */
  spend(work: number): void;
  /** What is found with few new nodes of the diagram; undefined where it takes more. */
  attempt<T>(find: () => T): T | undefined;
}

/** Where speed is what counts: how much longer a filter may be that executes less. */
export const MUCH_LONGER = 4;

/** How many single values the search lets one chain of equality tests pick out of a background. */
const CHAIN_LIMIT = 8;
/** Above this many ranges the split is sought between those of the two neighbours only (Knuth 1971). */
const EXACT_LIMIT = 64;

/** The cheapest comparisons that tell ranges apart, for ranges that cover all values of a word. */
export function decisionTree(ranges: readonly Range[], costs: Costs): Tree {
  const searched = search(ranges, costs);
  if (!favoursSize(costs)) return searched;
  const { singles, rest } = takeSingles(ranges);
  if (singles.length === 0) return searched;
  const picked = withSingles(singles, search(rest, costs), costs);
  const [before, after] = [instructionsOf(searched), instructionsOf(picked)];
  const isFaster = () => meanOf(picked, ranges, costs) < meanOf(searched, ranges, costs);
  return after < before || (after === before && isFaster()) ? picked : searched;
}

/** (word & mask) == value, where the word may be lost on the way to `lost`. */
export function maskTest(mask: number, value: number, yes: Tree, no: Tree, lost = no): Tree {
  if (value === 0) return { kind: 'anyBit', k: mask, yes: no, no: yes };
  if (isOneBit(mask)) return { kind: 'anyBit', k: mask, yes, no };
  return { kind: 'masked', mask, k: value, yes, no: lost };
}

/** Whether one instruction less is worth more than anything that runs. */
export function favoursSize({ instruction }: Costs): boolean {
  return instruction >= 1;
}

function search(ranges: readonly Range[], costs: Costs): Tree {
  return new Search(ranges, costs).tree(0, ranges.length - 1);
}

/**
 * A dynamic program over all runs of neighbouring ranges. A run is decided by one JGE and two shorter runs, or by a
 * chain of JEQ that picks single values out of what is otherwise one exit.
 */
class Search {
  private readonly ranges: readonly Range[];
  private readonly weights: Float64Array;
  private readonly sums: Float64Array;
  private readonly instruction: number;
  /** By first and last range of a run; also transposed, so that both are read in a row. */
  private readonly costs: Float64Array;
  private readonly transposed: Float64Array;
  /** The first range of the upper half; 0 for a chain. */
  private readonly splits: Uint16Array;

  constructor(ranges: readonly Range[], costs: Costs) {
    const n = ranges.length;
    costs.spend(n * n);
    this.ranges = ranges;
    this.instruction = costs.instruction;
    this.weights = Float64Array.from(ranges, (range) => costs.weight(range));
    this.sums = new Float64Array(n + 1);
    for (let i = 0; i < n; i++) this.sums[i + 1] = this.sums[i] + this.weights[i];
    this.costs = new Float64Array(n * n);
    this.transposed = new Float64Array(n * n);
    this.splits = new Uint16Array(n * n);
    for (let first = n - 1; first >= 0; first--)
      for (let last = first + 1; last < n; last++) this.plan(first, last);
  }

  tree(first: number, last: number): Tree {
    if (first === last) return { kind: 'exit', exit: this.ranges[first].exit };
    const split = this.splits[first * this.ranges.length + last];
    if (split === 0) return this.chainTree(this.chain(first, last)!);
    return {
      kind: 'atLeast',
      k: this.ranges[split].low,
      yes: this.tree(split, last),
      no: this.tree(first, split - 1),
    };
  }

  private plan(first: number, last: number): void {
    const { costs, transposed, splits } = this;
    const n = this.ranges.length;
    const row = first * n;
    const column = last * n;
    const test = this.sums[last + 1] - this.sums[first] + this.instruction;
    let best = Infinity;
    let at = first + 1;
    const [from, to] = this.candidates(first, last);
    for (let split = from; split <= to; split++) {
      const cost = costs[row + split - 1] + transposed[column + split];
      if (cost < best) {
        best = cost;
        at = split;
      }
    }
    best += test;
    const chain = last - first <= 2 * CHAIN_LIMIT ? this.chain(first, last) : undefined;
    const chained = chain ? this.chainCost(chain, first, last) : Infinity;
    if (chained <= best) {
      best = chained;
      at = 0;
    }
    costs[row + last] = best;
    transposed[column + first] = best;
    splits[row + last] = at;
  }

  /** Where the upper half of a run may begin. */
  private candidates(first: number, last: number): [from: number, to: number] {
    const n = this.ranges.length;
    if (n <= EXACT_LIMIT || last - first < 3 * CHAIN_LIMIT) return [first + 1, last];
    const from = this.splits[first * n + last - 1] || first + 1;
    const to = this.splits[(first + 1) * n + last] || last;
    return from <= to ? [from, to] : [first + 1, last];
  }

  /** The single values to pick out, the heaviest first, when everything else in between has one exit. */
  private chain(first: number, last: number): Chain | undefined {
    const { ranges, weights } = this;
    let background: NodeId | undefined;
    for (let i = first; i <= last; i++) {
      const { low, high, exit } = ranges[i];
      if (low === high) continue;
      if (background !== undefined && background !== exit) return undefined;
      background = exit;
    }
    background ??= ranges[last].exit;
    const singles: number[] = [];
    for (let i = first; i <= last; i++) if (ranges[i].exit !== background) singles.push(i);
    if (singles.length > CHAIN_LIMIT) return undefined;
    singles.sort((a, b) => weights[b] - weights[a]);
    return { background, singles };
  }

  private chainCost({ singles }: Chain, first: number, last: number): number {
    let left = this.sums[last + 1] - this.sums[first];
    let cost = 0;
    for (const i of singles) {
      cost += left + this.instruction;
      left -= this.weights[i];
    }
    return cost;
  }

  private chainTree({ background, singles }: Chain): Tree {
    return singles.reduceRight<Tree>(
      (no, i) => ({
        kind: 'equal',
        k: this.ranges[i].low,
        yes: { kind: 'exit', exit: this.ranges[i].exit },
        no,
      }),
      { kind: 'exit', exit: background },
    );
  }
}

interface Chain {
  readonly background: NodeId;
  readonly singles: readonly number[];
}
