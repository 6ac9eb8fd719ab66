import {
  type Compare,
  isBound,
  isNegated,
  precedes,
  sameTest,
  type WordTest,
  wordTestOf,
} from './word-tests.ts';

/** A rule as it is added: its conditions and what it returns. */
interface Added {
  readonly compares: readonly Compare[];
  readonly rule: { readonly word: number };
}

/** A test of one 32-bit word, shared by all rules that make it at this place. */
interface Question<R> {
  readonly test: WordTest;
  readonly isHigh: boolean;
  /** All 64 bits of the condition that brought it. */
  readonly datum: bigint;
  /** Those that are asked at the same place, in their order. */
  level: Question<R>[];
  yes?: Branch<R>;
  no?: Branch<R>;
}

/** The rule that ends there, or the question that follows. */
type Branch<R> = { readonly rule: R } | { readonly next: Question<R> };
type Side = 'yes' | 'no';
const SIDES: readonly Side[] = ['yes', 'no'];

/** The conditions of one rule as questions, from the last to the first. */
interface Questions<R> {
  readonly first: Question<R>;
  /** Where the condition is decided as it should be. */
  readonly met: readonly (readonly [Question<R>, Side])[];
}

/** The library would not come to an end. */
class Endless extends Error {}

/**
 * The tests of 64-bit arguments as libseccomp keeps them (seen in what libseccomp 2.5.4 answers): a bound is a strict test of
 * the high word, then its equality, then a test of the low word; NE is met by either word. Rules share equal tests, so
 * what follows the high word of one bound follows that of another. A rule that ends where another goes on, or ends with
 * another action, is refused.
 */
export class SharedTests<R extends Added> {
  private first: Question<R> | undefined;
  private isOver = false;

  /** Adds the rule; the one that makes libseccomp refuse it, if any. After that nothing is refused any more. */
  add(rule: R): R | undefined {
    if (this.isOver) return undefined;
    const fresh = questionsOf(rule);
    const joined = this.first ? joinUnlessEndless(this.first, fresh) : { head: fresh };
    if (joined && 'head' in joined) this.first = joined.head;
    else this.isOver = true;
    return joined && 'contrary' in joined ? joined.contrary : undefined;
  }

  /**
   * What is made of the rules' tests from the last to the first: `end` of a rule that is met, `ask` of a test and of what its
   * two branches lead to; `otherwise` stands for no rule. Undefined when a rule was refused.
   */
  fold<T>(otherwise: T, end: (rule: R) => T, ask: (test: WordTest, yes: T, no: T) => T): T | undefined {
    return this.first && !this.isOver ? foldFrom(this.first, otherwise, end, ask) : undefined;
  }
}

function foldFrom<R, T>(
  first: Question<R>,
  otherwise: T,
  end: (rule: R) => T,
  ask: (test: WordTest, yes: T, no: T) => T,
): T {
  /** By question and by what follows where neither of its branches is met. */
  const made = new Map<Question<R>, Map<T, T>>();
  const from = (question: Question<R>, otherwise: T): T => {
    const { level } = question;
    return level.slice(level.indexOf(question)).reduceRight((after, each) => one(each, after), otherwise);
  };
  const one = (question: Question<R>, after: T): T => {
    const known = made.get(question)?.get(after);
    if (known !== undefined) return known;
    const branch = (side: Branch<R> | undefined) =>
      side === undefined ? after : 'rule' in side ? end(side.rule) : from(side.next, after);
    const result = ask(question.test, branch(question.yes), branch(question.no));
    made.set(question, (made.get(question) ?? new Map<T, T>()).set(after, result));
    return result;
  };
  return from(first, otherwise);
}

/** The first question of a rule's chain. */
function questionsOf<R extends Added>(rule: R): Question<R> {
  let outcome: Branch<R> = { rule };
  for (const compare of rule.compares.toReversed()) {
    const { first, met } = chainOf<R>(compare);
    for (const [question, side] of met) question[side] = outcome;
    outcome = { next: first };
  }
  return (outcome as { next: Question<R> }).next;
}

function chainOf<R>(compare: Compare): Questions<R> {
  const high = question<R>(compare, wordTestOf(compare, 'high'), true);
  const low = question<R>(compare, wordTestOf(compare, 'low'), false);
  const side = isNegated(compare) ? 'no' : 'yes';
  if (!isBound(compare)) {
    high.yes = { next: low };
    return {
      first: high,
      met:
        side === 'no'
          ? [
              [high, 'no'],
              [low, 'no'],
            ]
          : [[low, 'yes']],
    };
  }
  const equal = question<R>(compare, { ...high.test, test: '==' }, true);
  high.no = { next: equal };
  equal.yes = { next: low };
  return {
    first: high,
    met: [
      [side === 'no' ? equal : high, side],
      [low, side],
    ],
  };
}

function question<R>({ datum }: Compare, test: WordTest, isHigh: boolean): Question<R> {
  const made: Question<R> = { test, isHigh, datum, level: [] };
  made.level.push(made);
  return made;
}

type Joined<R> = { readonly head: Question<R> } | { readonly contrary: R };

function joinUnlessEndless<R extends Added>(start: Question<R>, fresh: Question<R>): Joined<R> | undefined {
  try {
    return join(start, fresh);
  } catch (fault) {
    if (fault instanceof Endless) return undefined;
    throw fault;
  }
}

/** Puts a chain's question among those from `start` on; the head is where later ones start. */
function join<R extends Added>(start: Question<R>, fresh: Question<R>): Joined<R> {
  const { level } = start;
  for (let at = level.indexOf(start); at < level.length; at++) {
    const there = level[at];
    if (sameTest(there.test, fresh.test)) {
      const contrary = there === fresh ? undefined : merge(there, fresh);
      return contrary ? { contrary } : { head: start };
    }
    if (precedes(fresh.test, there.test)) {
      insert(level, at, fresh);
      return { head: there === start ? fresh : start };
    }
  }
  insert(level, level.length, fresh);
  return { head: start };
}

function insert<R>(level: Question<R>[], at: number, fresh: Question<R>): void {
  // Reached a second time, from before its own place.
  if (level.includes(fresh)) throw new Endless();
  level.splice(at, 0, fresh);
  fresh.level = level;
}

function merge<R extends Added>(there: Question<R>, fresh: Question<R>): R | undefined {
  for (const side of SIDES) {
    const contrary = mergeEnd(there, fresh, side);
    if (contrary) return contrary;
  }
  for (const side of SIDES) {
    const onward = fresh[side];
    if (!onward || !('next' in onward)) continue;
    const existing = there[side];
    // A rule that ends here already leaves nothing to the rest.
    if (existing && 'rule' in existing) return undefined;
    const joined = existing ? join(existing.next, onward.next) : { head: onward.next };
    if ('contrary' in joined) return joined.contrary;
    there[side] = { next: joined.head };
  }
  return undefined;
}

/** Where the fresh chain ends on this side: a rule that goes on or ends there with another action. */
function mergeEnd<R extends Added>(there: Question<R>, fresh: Question<R>, side: Side): R | undefined {
  const end = fresh[side];
  if (!end || !('rule' in end)) return undefined;
  const { word } = end.rule.rule;
  const existing = there[side];
  if (!existing || 'next' in existing) {
    const contrary = existing && contraryUnder(existing.next, word, new Set());
    if (!contrary) there[side] = end;
    return contrary;
  }
  if (existing.rule.rule.word === word) return undefined;
  const isLast = isLeaf(there) || isLeaf(fresh);
  // The higher lower bound decides what lies above the high word.
  if (side === 'yes' && fresh.isHigh && fresh.datum > there.datum) there.yes = end;
  return isLast ? existing.rule : undefined;
}

function isLeaf<R>(question: Question<R>): boolean {
  return SIDES.every((side) => !question[side] || 'rule' in question[side]);
}

/** A rule with another action that ends at the question's place or below it. */
function contraryUnder<R extends Added>(
  { level }: Question<R>,
  word: number,
  seen: Set<Question<R>>,
): R | undefined {
  for (const each of level) {
    if (seen.has(each)) continue;
    seen.add(each);
    for (const side of SIDES) {
      const outcome = each[side];
      if (!outcome) continue;
      const found =
        'next' in outcome
          ? contraryUnder(outcome.next, word, seen)
          : outcome.rule.rule.word !== word
            ? outcome.rule
            : undefined;
      if (found) return found;
    }
  }
  return undefined;
}
