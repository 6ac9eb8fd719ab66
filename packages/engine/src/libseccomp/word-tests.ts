import type { Condition, Operator } from '../profile/profile.ts';

/** How libseccomp tests each operator: the negated ones take the other branch of their opposite's test. */
const TESTS: Readonly<Record<Operator, { test: string; rank: number; negated: boolean }>> = {
  EQ: { test: '==', rank: 3, negated: false },
  NE: { test: '==', rank: 3, negated: true },
  MASKED_EQ: { test: '&', rank: 3, negated: false },
  GT: { test: '>', rank: 1, negated: false },
  LE: { test: '>', rank: 2, negated: true },
  GE: { test: '>=', rank: 1, negated: false },
  LT: { test: '>=', rank: 2, negated: true },
};

/** One condition, cut to what the ABI compares. */
export interface Compare {
  readonly argument: number;
  readonly operator: Operator;
  readonly mask: bigint;
  readonly datum: bigint;
}

/** One comparison of a 32-bit word in libseccomp's tree. */
export interface WordTest {
  readonly priority: number;
  readonly rank: number;
  readonly test: string;
  readonly mask: bigint;
  readonly datum: bigint;
}

/** In ascending order of the arguments, cut to the ABI's width, without those that always hold. */
export function comparesOf(conditions: readonly Condition[], bits: 32 | 64): Compare[] {
  const width = (1n << BigInt(bits)) - 1n;
  return conditions
    .toSorted((a, b) => a.argument - b.argument)
    .map(({ argument, operator, value, valueTwo }) => {
      const masked = operator === 'MASKED_EQ';
      const mask = (masked ? value : width) & width;
      return { argument, operator, mask, datum: (masked ? valueTwo : value) & mask };
    })
    .filter((c) => c.mask !== 0n);
}

/** The test of one word of a condition. */
export function wordTestOf(compare: Compare, which: 'high' | 'low'): WordTest {
  const { test, rank } = TESTS[compare.operator];
  const high = which === 'high';
  return {
    priority: compare.argument * 2 + (high ? 1 : 0),
    rank,
    // A bound on the high word is always tested by >: equality leads on to the low word.
    test: high && rank < 3 ? '>' : test,
    mask: high ? compare.mask >> 32n : compare.mask & 0xffff_ffffn,
    datum: high ? compare.datum >> 32n : compare.datum & 0xffff_ffffn,
  };
}

/** Whether the condition holds where its test fails. */
export function isNegated({ operator }: Compare): boolean {
  return TESTS[operator].negated;
}

/** Whether the condition is about an order, not about single values. */
export function isBound({ operator }: Compare): boolean {
  return TESTS[operator].rank < 3;
}

export function sameTest(a: WordTest, b: WordTest): boolean {
  return a.priority === b.priority && a.test === b.test && a.mask === b.mask && a.datum === b.datum;
}

export function precedes(a: WordTest, b: WordTest): boolean {
  if (a.priority !== b.priority) return a.priority > b.priority;
  if (a.rank !== b.rank) return a.rank > b.rank;
  return a.rank === 2 ? a.datum < b.datum : a.datum > b.datum;
}

/** The condition as a text: equal conditions, equal texts. */
export function keyOf(compare: Compare): string {
  const { test, negated } = TESTS[compare.operator];
  return `${compare.argument}${negated ? '!' : ''}${test}${compare.mask}:${compare.datum}`;
}
