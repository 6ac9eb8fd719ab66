import type { Operator } from '@callgate/engine/internal/profile/profile';

/** One comparison as a profile writes it; for MASKED_EQ the mask is `value` and the datum `valueTwo`. */
export interface PlainCondition {
  readonly index: number;
  readonly op: Operator;
  readonly value: bigint;
  readonly valueTwo: bigint;
}

/** A comparison cut to an ABI's width. */
interface Comparison {
  readonly argument: number;
  readonly op: Operator;
  readonly mask: bigint;
  readonly datum: bigint;
}

interface Rule {
  readonly comparisons: readonly Comparison[];
  readonly word: number;
}

/** One 32-bit step of a comparison, at its place among the steps that may follow the same earlier ones. */
interface Step {
  readonly argument: number;
  readonly high: boolean;
  readonly rank: number;
  readonly test: string;
  readonly mask: bigint;
  readonly datum: bigint;
}

/** A step with what lies behind its two outcomes: later steps, or the rule whose last step it is. */
interface Place {
  readonly step: Step;
  readonly behind: Map<boolean, Rule | Place[]>;
}

const LOW_WORD = 0xffff_ffffn;
/** Equalities are asked first, then upper bounds, then lower bounds. */
const RANK: Readonly<Record<Operator, number>> = { EQ: 3, NE: 3, MASKED_EQ: 3, LT: 2, LE: 2, GT: 1, GE: 1 };
/** An operator is one of four tests or its contrary. */
const TEST: Readonly<Record<Operator, string>> = {
  ...{ EQ: '==', NE: '==', GT: '>', LE: '>', GE: '>=', LT: '>=' },
  MASKED_EQ: '&==',
};
const IS_CONTRARY: ReadonlySet<Operator> = new Set(['NE', 'LT', 'LE']);

/**
 * What several rules on one call of one ABI mean by libseccomp's stated rules, told as plainly as they can be: rules
 * are added in the order of the file, kept, dropped or refused, and the first that holds in a fixed walk wins.
 */
export class NaiveRuleList {
  private readonly bits: 32 | 64;
  private always: Rule | undefined;
  private first: Place[] = [];
  private readonly added: Rule[] = [];
  /** The kept rules in the order of the walk, once asked for. */
  private walk: readonly Rule[] | undefined;

  /** @param bits how wide the ABI compares arguments. */
  constructor(bits: 32 | 64) {
    this.bits = bits;
  }

  /** Adds a rule; false where it is refused because it contradicts an earlier one. */
  add(conditions: readonly PlainCondition[], word: number): boolean {
    const rule: Rule = { comparisons: this.comparisons(conditions), word };
    this.added.push(rule);
    this.walk = undefined;
    if (this.always) return true;
    if (rule.comparisons.length === 0) {
      this.always = rule;
      this.first = [];
      return true;
    }
    const others = rulesUnder(this.first);
    const longer = others.filter((other) => begins(other.comparisons, rule.comparisons));
    if (longer.some((other) => other.word !== word)) return false;
    if (others.some((other) => begins(rule.comparisons, other.comparisons))) return true;
    // Of two rules with one action, one of which only adds conditions to the other, the shorter is enough.
    const same = others.filter((other) => other.word === word);
    for (const other of same) if (contains(other.comparisons, rule.comparisons)) remove(this.first, other);
    if (rulesUnder(this.first).some((o) => o.word === word && contains(rule.comparisons, o.comparisons)))
      return true;
    this.place(rule);
    return true;
  }

  /** The word of the rule that wins for these arguments, if one holds. */
  answer(args: readonly bigint[]): number | undefined {
    this.walk ??= this.always ? [this.always] : rulesUnder(this.first);
    return this.walk.find((rule) => this.holds(rule, args))?.word;
  }

  /** The words of all rules that hold, dropped or not, in the order of the file. */
  claims(args: readonly bigint[]): number[] {
    return this.added.filter((rule) => this.holds(rule, args)).map((rule) => rule.word);
  }

  private comparisons(conditions: readonly PlainCondition[]): Comparison[] {
    const width = (1n << BigInt(this.bits)) - 1n;
    return conditions
      .map(({ index, op, value, valueTwo }) => {
        const mask = op === 'MASKED_EQ' ? value & width : width;
        return { argument: index, op, mask, datum: (op === 'MASKED_EQ' ? valueTwo : value) & mask };
      })
      .filter(({ mask }) => mask !== 0n)
      .sort((a, b) => a.argument - b.argument);
  }

  private steps(rule: Rule): Step[] {
    return rule.comparisons.flatMap((c) => (this.bits === 64 ? [highStep(c), lowStep(c)] : [lowStep(c)]));
  }

  /** Walks the rule's steps down, sharing the places of earlier rules that ask the same. */
  private place(rule: Rule): void {
    const steps = this.steps(rule);
    const outcomes = rule.comparisons.flatMap(({ op }) =>
      this.bits === 64 ? [true, !IS_CONTRARY.has(op)] : [!IS_CONTRARY.has(op)],
    );
    let level = this.first;
    for (const [i, step] of steps.entries()) {
      const { behind } = placeOf(level, step);
      if (i === steps.length - 1) behind.set(outcomes[i], rule);
      else level = nextLevel(behind, outcomes[i]);
    }
  }

  private holds(rule: Rule, args: readonly bigint[]): boolean {
    return rule.comparisons.every((comparison) => isMet(comparison, args[comparison.argument]));
  }
}

/** Whether an argument passes, compared without a sign. */
function isMet({ op, mask, datum }: Comparison, argument: bigint): boolean {
  const a = argument & mask;
  switch (op) {
    case 'EQ':
    case 'MASKED_EQ':
      return a === datum;
    case 'NE':
      return a !== datum;
    case 'LT':
      return a < datum;
    case 'LE':
      return a <= datum;
    case 'GT':
      return a > datum;
    case 'GE':
      return a >= datum;
  }
}

function highStep({ argument, op, mask, datum }: Comparison): Step {
  // Whether a high word decides an inequality is always asked by a strict test.
  const test = RANK[op] === 3 ? TEST[op] : '>';
  return { argument, high: true, rank: RANK[op], test, mask: mask >> 32n, datum: datum >> 32n };
}

function lowStep({ argument, op, mask, datum }: Comparison): Step {
  const [m, d] = [mask & LOW_WORD, datum & LOW_WORD];
  return { argument, high: false, rank: RANK[op], test: TEST[op], mask: m, datum: d };
}

/** The place of a step on a level: one that asks the same, else a new one before the first that must come later. */
function placeOf(level: Place[], step: Step): Place {
  let at = 0;
  for (; at < level.length; at++) {
    if (asksSame(step, level[at].step)) return level[at];
    if (comesBefore(step, level[at].step)) break;
  }
  const place: Place = { step, behind: new Map() };
  level.splice(at, 0, place);
  return place;
}

function nextLevel(behind: Place['behind'], outcome: boolean): Place[] {
  const next = behind.get(outcome);
  if (Array.isArray(next)) return next;
  // A shorter rule that ends here would have dropped this one.
  const level: Place[] = [];
  behind.set(outcome, level);
  return level;
}

function asksSame(a: Step, b: Step): boolean {
  const sameWord = a.argument === b.argument && a.high === b.high;
  return sameWord && a.test === b.test && a.mask === b.mask && a.datum === b.datum;
}

/** Higher arguments first, high words before low ones, then by rank, then the narrower bound first. */
function comesBefore(a: Step, b: Step): boolean {
  if (a.argument !== b.argument) return a.argument > b.argument;
  if (a.high !== b.high) return a.high;
  if (a.rank !== b.rank) return a.rank > b.rank;
  return a.rank === RANK.LT ? a.datum < b.datum : a.datum > b.datum;
}

/** All rules in the order of the walk. */
function rulesUnder(level: readonly Place[]): Rule[] {
  return level.flatMap(({ behind }) =>
    [true, false].flatMap((outcome) => {
      const next = behind.get(outcome) ?? [];
      return Array.isArray(next) ? rulesUnder(next) : [next];
    }),
  );
}

/** Takes a rule out, and the places that only it had. */
function remove(level: Place[], rule: Rule): void {
  for (const { behind } of level)
    for (const [outcome, next] of behind) {
      if (Array.isArray(next)) remove(next, rule);
      if (next === rule || (Array.isArray(next) && next.length === 0)) behind.delete(outcome);
    }
  const kept = level.filter(({ behind }) => behind.size > 0);
  level.splice(0, level.length, ...kept);
}

function equal(a: Comparison, b: Comparison): boolean {
  const sameTest = TEST[a.op] === TEST[b.op] && IS_CONTRARY.has(a.op) === IS_CONTRARY.has(b.op);
  return a.argument === b.argument && sameTest && a.mask === b.mask && a.datum === b.datum;
}

/** Whether the longer list begins with the shorter one, or is the same. */
function begins(longer: readonly Comparison[], shorter: readonly Comparison[]): boolean {
  return shorter.length <= longer.length && shorter.every((c, i) => equal(c, longer[i]));
}

/** Whether the shorter list is a stretch of the longer one. */
function contains(longer: readonly Comparison[], shorter: readonly Comparison[]): boolean {
  return longer.some((_, from) => begins(longer.slice(from), shorter));
}
