import { ALLOW_WORD, actionOfWord, executes } from '../bpf/action.ts';
import { restrictArch } from '../diagram/restrict.ts';
import type { Policy } from '../policy/policy.ts';
import { abiOf, X32_BIT } from '../syscalls/arch.ts';
import { callsOf } from '../syscalls/lookup.ts';

/** How often one call is made, in any unit. */
export interface CallWeight {
  /** AUDIT_ARCH_* */
  readonly arch: number;
  readonly nr: number;
  readonly weight: number;
}

/** What a program is made for. */
export const OBJECTIVES = ['size', 'mean', 'bitmap'] as const;
/**
 * size: the fewest instructions; mean: the fewest that run for a call; bitmap: the same, but calls that the kernel's
 * bitmap answers without running the filter (ALLOW whatever the arguments, not x32) count for nothing.
 */
export type Objective = (typeof OBJECTIVES)[number];

/** Every call of the native ABI that may be executed once, all others never. */
export function uniformWeights({ diagram, root, abis }: Policy): CallWeight[] {
  const { name, auditArch: arch } = abis[0];
  const rest = restrictArch(diagram, root, arch);
  return callsOf(name)
    .map(([, nr]) => ({ arch, nr, weight: 1 }))
    .filter(({ nr }) =>
      executes(actionOfWord(diagram.evaluate(rest, { arch, nr, args: NO_ARGUMENTS })).kind),
    );
}

const NO_ARGUMENTS = [0n, 0n, 0n, 0n, 0n, 0n];

/** The sums of weights over call numbers of each AUDIT_ARCH. */
export class WeightTable {
  private readonly byArch = new Map<number, { readonly numbers: number[]; readonly sums: number[] }>();

  constructor(weights: readonly CallWeight[]) {
    const total = weights.reduce((sum, w) => sum + w.weight, 0) || 1;
    for (const { arch, nr, weight } of weights.toSorted((a, b) => a.nr - b.nr)) {
      const entry = this.byArch.get(arch) ?? { numbers: [], sums: [0] };
      this.byArch.set(arch, entry);
      entry.numbers.push(nr);
      entry.sums.push(entry.sums[entry.sums.length - 1] + weight / total);
    }
  }

  /** The share of all calls that have this arch, and a number from `low` to `high`. */
  between(arch: number, low: number, high: number): number {
    const entry = this.byArch.get(arch);
    if (!entry) return 0;
    return entry.sums[upperBound(entry.numbers, high)] - entry.sums[upperBound(entry.numbers, low - 1)];
  }
}

/** How many of the ascending numbers are not above the value. */
function upperBound(numbers: readonly number[], value: number): number {
  let from = 0;
  let to = numbers.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if (numbers[middle] <= value) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** Whether the kernel's bitmap answers a call of that number by itself, if all of its paths give this word. */
export function isCached(word: number, arch: number, nr: number): boolean {
  const x32 = arch === abiOf('x86_64').auditArch && nr >= X32_BIT;
  return word === ALLOW_WORD && !x32;
}
