/** The values of one call's arguments: undefined where the argument does not matter or was not understood. */
export interface ArgumentValues {
  readonly values: readonly (bigint | undefined)[];
  readonly count: number;
}

/** More different ones are not kept: no condition could be made of them. */
const MOST_VALUES = 256;

/** Counts tuples of argument values, up to a bound. */
export class ArgumentTally {
  private readonly tuples = new Map<string, { values: (bigint | undefined)[]; count: number }>();
  /** Calls whose arguments found no place any more. */
  private missed = 0;

  add(values: readonly (bigint | undefined)[], count: number): void {
    const key = values.map((value) => value?.toString(36) ?? '').join(' ');
    const entry = this.tuples.get(key);
    if (entry) entry.count += count;
    else if (this.tuples.size < MOST_VALUES) this.tuples.set(key, { values: [...values], count });
    else this.missed += count;
  }

  /** How many different ones are kept. */
  get distinct(): number {
    return this.tuples.size;
  }

  /** Calls whose arguments cannot be kept. */
  miss(count: number): void {
    this.missed += count;
  }

  /** What was seen; a last tuple without any value stands for calls whose arguments were not kept. */
  result(): ArgumentValues[] {
    const rest = this.missed > 0 ? [{ values: [], count: this.missed }] : [];
    return [...this.tuples.values(), ...rest];
  }
}
