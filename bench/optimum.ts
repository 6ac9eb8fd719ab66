import type { Range } from '@callgate/engine/internal/compile/words';

/** More single values than these are not tried one before the other in one run; the optimum has picked out fewer. */
const MOST_PICKED = 6;

/**
 * The smallest possible mean number of comparisons (JEQ, JGE) that tell ranges of call numbers apart: a dynamic program
 * over all runs of ranges and the single values that were picked out of a run before it is split. The next to be picked
 * is the heaviest one, or the heaviest that leads elsewhere than that.
 */
export function optimalMean(ranges: readonly Range[], weight: (range: Range) => number): number {
  const weights = ranges.map(weight);
  const total = weights.reduce((a, b) => a + b, 0);
  const known = new Map<string, number>();

  const candidates = (rest: readonly number[]): number[] => {
    const singles = rest
      .filter((i) => ranges[i].low === ranges[i].high)
      .sort((a, b) => weights[b] - weights[a] || a - b);
    const other = singles.find((i) => ranges[i].exit !== ranges[singles[0]].exit);
    return [...singles.slice(0, 1), ...(other === undefined ? [] : [other])];
  };

  const cost = (first: number, last: number, picked: readonly number[]): number => {
    const rest: number[] = [];
    for (let i = first; i <= last; i++) if (!picked.includes(i)) rest.push(i);
    if (rest.every((i) => ranges[i].exit === ranges[rest[0]].exit)) return 0;
    const weightOfRest = rest.reduce((sum, i) => sum + weights[i], 0);
    if (weightOfRest === 0) return 0;
    const key = `${first},${last},${picked.join()}`;
    const before = known.get(key);
    if (before !== undefined) return before;
    let best = Infinity;
    for (let split = first + 1; split <= last; split++) {
      const below = cost(
        first,
        split - 1,
        picked.filter((i) => i < split),
      );
      if (below < best)
        best = Math.min(
          best,
          below +
            cost(
              split,
              last,
              picked.filter((i) => i >= split),
            ),
        );
    }
    if (picked.length < MOST_PICKED)
      for (const next of candidates(rest))
        best = Math.min(
          best,
          cost(
            first,
            last,
            [...picked, next].sort((a, b) => a - b),
          ),
        );
    best += weightOfRest;
    known.set(key, best);
    return best;
  };
  return cost(0, ranges.length - 1, []) / total;
}
