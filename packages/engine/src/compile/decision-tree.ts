import type { NodeId } from '../policy/diagram.ts';
import type { Range } from './words.ts';

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
    };

/** How often a range is asked for, compared with others. */
export type Weight = (range: Range) => number;

/** Above this many ranges the exact search, which takes cubic time, gives way to halving. */
const EXACT_LIMIT = 160;
/** How many single values one chain of equality tests may pick out of a background. */
const CHAIN_LIMIT = 4;
/** What one more instruction costs, as a share of the weight of the whole tree; keeps programs small. */
const SIZE_COST = 0.004;

/** The comparisons that tell ranges apart with the fewest expected steps, for ranges that cover all values of a word. */
export function decisionTree(ranges: readonly Range[], weight: Weight): Tree {
  return new Search(ranges, ranges.map(weight)).tree(0, ranges.length - 1);
}

interface Plan {
  readonly cost: number;
  /** The first range of the upper half; 0 for a chain. */
  readonly split: number;
}

class Search {
  private readonly ranges: readonly Range[];
  private readonly weights: readonly number[];
  private readonly sums: number[] = [0];
  private readonly plans = new Map<number, Plan>();
  private readonly instruction: number;

  constructor(ranges: readonly Range[], weights: readonly number[]) {
    this.ranges = ranges;
    this.weights = weights;
    for (const w of weights) this.sums.push(this.sums[this.sums.length - 1] + w);
    this.instruction = this.sums[weights.length] * SIZE_COST;
  }

  tree(first: number, last: number): Tree {
    const { split } = this.plan(first, last);
    if (split === 0) return this.chainTree(this.chain(first, last)!);
    return {
      kind: 'atLeast',
      k: this.ranges[split].low,
      yes: this.tree(split, last),
      no: this.tree(first, split - 1),
    };
  }

  private plan(first: number, last: number): Plan {
    const key = first * this.ranges.length + last;
    let plan = this.plans.get(key);
    if (!plan) {
      plan = this.findPlan(first, last);
      this.plans.set(key, plan);
    }
    return plan;
  }

  private findPlan(first: number, last: number): Plan {
    const chain = this.chain(first, last);
    let best: Plan = chain
      ? { cost: this.chainCost(chain, first, last), split: 0 }
      : { cost: Infinity, split: 0 };
    const total = this.sums[last + 1] - this.sums[first];
    const overhead = total + this.instruction;
    for (const split of this.splits(first, last)) {
      const cost = overhead + this.plan(first, split - 1).cost + this.plan(split, last).cost;
      if (cost < best.cost) best = { cost, split };
    }
    return best;
  }

  private *splits(first: number, last: number): Iterable<number> {
    if (last - first < EXACT_LIMIT) {
      for (let split = first + 1; split <= last; split++) yield split;
      return;
    }
    const middle = (this.sums[first] + this.sums[last + 1]) / 2;
    let split = first + 1;
    while (split < last && this.sums[split] < middle) split++;
    yield split;
  }

  /** The single values to pick out, the heaviest first, when everything else in between has one exit. */
  private chain(first: number, last: number): Chain | undefined {
    if (last - first > 2 * CHAIN_LIMIT) return undefined;
    const isSingle = (i: number) => this.ranges[i].low === this.ranges[i].high;
    let background: NodeId | undefined;
    for (let i = first; i <= last; i++) {
      if (isSingle(i)) continue;
      if (background !== undefined && background !== this.ranges[i].exit) return undefined;
      background = this.ranges[i].exit;
    }
    background ??= this.ranges[last].exit;
    const singles: number[] = [];
    for (let i = first; i <= last; i++) if (this.ranges[i].exit !== background) singles.push(i);
    if (singles.length > CHAIN_LIMIT) return undefined;
    singles.sort((a, b) => this.weights[b] - this.weights[a]);
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
