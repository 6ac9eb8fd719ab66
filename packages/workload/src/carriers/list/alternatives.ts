import type { Condition } from '@callgate/engine/internal/profile/profile';
import { both, implies, isAlways, opposite } from './comparisons.ts';

/** What is asked about the arguments of a call. */
export type Test =
  /** Any one of these conditions; where there is none, it never holds. */
  | { readonly kind: 'compare'; readonly any: readonly Condition[] }
  | { readonly kind: 'all' | 'any'; readonly of: readonly Test[] }
  | { readonly kind: 'not'; readonly of: Test };

/** Conditions that must all hold, no two on one argument. */
export type Conjunction = readonly Condition[];

export const ALWAYS: Test = { kind: 'all', of: [] };

/** A test whose conditions come to more alternatives than any filter would be built for. */
export class TooManyAlternatives extends Error {}

/** Two arguments of 32 bits that are not to have some value come to 1024. */
const MOST = 2048;
/** Of more, those alone are left out that one other leaves nothing to. */
const MOST_COMPARED = 64;
/** Conditions that are joined for a whole list; one that people write takes some hundred. */
const STEPS = 1 << 20;
/** The same for finding out whether one alternative is needed. */
const STEPS_COMPARING = 1 << 13;

/** Makes alternatives of the tests of a list, with so much work and no more. */
export class Alternatives {
  private left = STEPS;

  /** A test as alternatives, of which any one is enough; those that others leave nothing to are left out. */
  of(test: Test): Conjunction[] {
    return this.withoutNeedless(this.holding(test));
  }

  private holding(test: Test): Conjunction[] {
    switch (test.kind) {
      case 'compare':
        return this.bounded(test.any.map((condition) => (isAlways(condition) ? [] : [condition])));
      case 'any':
        return this.bounded(test.of.flatMap((one) => this.holding(one)));
      case 'all':
        return test.of.reduce<Conjunction[]>((sofar, one) => this.product(sofar, this.holding(one)), [[]]);
      case 'not':
        return this.failing(test.of);
    }
  }

  private failing(test: Test): Conjunction[] {
    switch (test.kind) {
      case 'compare':
        return test.any.reduce<Conjunction[]>(
          (sofar, condition) => this.product(sofar, failingCondition(condition)),
          [[]],
        );
      case 'any':
        return test.of.reduce<Conjunction[]>((sofar, one) => this.product(sofar, this.failing(one)), [[]]);
      case 'all':
        return this.bounded(test.of.flatMap((one) => this.failing(one)));
      case 'not':
        return this.holding(test.of);
    }
  }

  private product(some: readonly Conjunction[], others: readonly Conjunction[]): Conjunction[] {
    const all: Conjunction[] = [];
    for (const one of some)
      for (const other of others) {
        all.push(...this.together(one, other));
        this.bounded(all);
      }
    return all;
  }

  /** Both conjunctions as alternatives, since two conditions on one argument may come to several. */
  private together(a: Conjunction, b: Conjunction): Conjunction[] {
    this.left -= 1 + a.length + b.length;
    if (this.left < 0) throw new TooManyAlternatives();
    return b.reduce<Conjunction[]>(
      (sofar, condition) =>
        this.bounded(sofar.flatMap((conjunction) => withCondition(conjunction, condition))),
      [a],
    );
  }

  private bounded<T>(alternatives: T[]): T[] {
    this.left -= 1;
    if (alternatives.length > MOST || this.left < 0) throw new TooManyAlternatives();
    return alternatives;
  }

  private withoutNeedless(alternatives: readonly Conjunction[]): Conjunction[] {
    const kept: Conjunction[] = [];
    for (const one of alternatives.toSorted((a, b) => a.length - b.length)) {
      this.left -= kept.length >> 4;
      if (!kept.some((other) => impliesAll(one, other))) kept.push(one);
    }
    if (kept.length > MOST_COMPARED || this.left < 0) return kept;
    for (let i = kept.length - 1; i >= 0 && kept.length > 1; i--)
      if (this.leavesNothing(kept[i], kept.toSpliced(i, 1))) kept.splice(i, 1);
    return kept;
  }

  /** Whether some others hold wherever one does. Where that is too hard to find out: no. */
  private leavesNothing(one: Conjunction, others: readonly Conjunction[]): boolean {
    const before = this.left;
    this.left = Math.min(before, STEPS_COMPARING);
    const given = this.left;
    try {
      let rest: Conjunction[] = [one];
      for (const other of others) {
        const of = other.map((condition): Test => ({ kind: 'compare', any: [condition] }));
        rest = this.product(rest, this.failing({ kind: 'all', of }));
        if (rest.length === 0) return true;
      }
      return false;
    } catch (fault) {
      if (!(fault instanceof TooManyAlternatives)) throw fault;
      return false;
    } finally {
      this.left = before - (given - this.left);
    }
  }
}

/** Whether each condition of another follows from one of these. */
function impliesAll(one: Conjunction, other: Conjunction): boolean {
  return other.every((wanted) =>
    one.some((given) => given.argument === wanted.argument && implies(given, wanted)),
  );
}

function failingCondition(condition: Condition): Conjunction[] {
  if (isAlways(condition)) return [];
  return opposite(condition).map((one) => (isAlways(one) ? [] : [one]));
}

function withCondition(conjunction: Conjunction, condition: Condition): Conjunction[] {
  const same = conjunction.find(({ argument }) => argument === condition.argument);
  if (!same) return [[...conjunction, condition]];
  return both(same, condition).map((merged) =>
    conjunction.flatMap((one) => (one !== same ? [one] : isAlways(merged) ? [] : [merged])),
  );
}
