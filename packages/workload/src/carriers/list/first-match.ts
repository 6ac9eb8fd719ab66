import type { Span, Spanned } from '@callgate/engine/internal/diagnostics/span';
import { quote } from '@callgate/engine/internal/source/tree';
import type { AbiName } from '@callgate/engine/internal/syscalls/arch';
import { ALWAYS, Alternatives, type Test, TooManyAlternatives } from './alternatives.ts';
import type { ListFaults } from './faults.ts';
import type { ListedAction, ListedCall } from './listed-profile.ts';

/** More conditions no runtime would take, and none of them is read as a profile. */
const MOST_RULES = 20_000;
/** To one call. */
const MOST_ANSWERS = 1000;

/** An answer of a list to a call; of several for one call the first whose test holds is given. */
export interface Answer {
  readonly name: Spanned<string>;
  readonly test: Test;
  readonly action: ListedAction;
  /** Only on machines of this ABI. */
  readonly native?: AbiName;
}

/** Answers of which the first counts, as rules that exclude each other where their actions differ. */
export function firstMatches(
  answers: readonly Answer[],
  byDefault: ListedAction,
  faults: ListFaults,
): ListedCall[] {
  const byName = new Map<string, Answer[]>();
  for (const answer of answers) {
    const same = byName.get(answer.name.value);
    if (same) same.push(answer);
    else byName.set(answer.name.value, [answer]);
  }
  const work = new Alternatives();
  const calls: ListedCall[] = [];
  for (const ofName of byName.values()) {
    const some = callsOf(ofName, byDefault, work);
    if (some && calls.length + some.length <= MOST_RULES) calls.push(...some);
    else {
      const [{ name }] = ofName;
      const message = `the conditions on ${quote(name.value)} come to too many rules of OCI's form`;
      faults.error('too-complex', message, name.span);
      break;
    }
  }
  return calls;
}

/** The calls of one name; undefined where they are too many. */
function callsOf(
  answers: readonly Answer[],
  byDefault: ListedAction,
  work: Alternatives,
): ListedCall[] | undefined {
  if (answers.length > MOST_ANSWERS) return undefined;
  const calls: ListedCall[] = [];
  for (const [i, { name, test, action, native }] of answers.entries()) {
    const before = answers
      .slice(0, i)
      .filter((other) => !sameAction(other.action, action) && couldMeet(other, native));
    if (before.some((other) => other.test === ALWAYS)) continue;
    const alone = answers.length === 1;
    if (!alone && sameAction(action, byDefault)) continue;
    const of = [test, ...before.map((other): Test => ({ kind: 'not', of: other.test }))];
    const alternatives = alternativesOf({ kind: 'all', of }, work);
    if (!alternatives) return undefined;
    for (const conditions of alternatives) calls.push({ name, action, conditions, native });
  }
  return calls;
}

/** Whether an answer is for machines of that ABI, too. */
function couldMeet(other: Answer, native: AbiName | undefined): boolean {
  return other.native === undefined || other.native === native;
}

function alternativesOf(test: Test, work: Alternatives) {
  try {
    return work.of(test);
  } catch (fault) {
    if (!(fault instanceof TooManyAlternatives)) throw fault;
    return undefined;
  }
}

function sameAction(a: ListedAction, b: ListedAction): boolean {
  return a.name === b.name && a.errno === b.errno;
}

/** The whole of a text. */
export function wholeOf(text: string): Span {
  return { start: 0, end: Math.max(1, text.length) };
}
