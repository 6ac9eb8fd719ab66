import type { Spanned } from '@callgate/engine/internal/diagnostics/span';
import type { Condition, Operator } from '@callgate/engine/internal/profile/profile';
import { quote } from '@callgate/engine/internal/source/tree';
import type { AbiName } from '@callgate/engine/internal/syscalls/arch';
import { errnoNumber } from '@callgate/engine/internal/syscalls/arguments';
import { isKnownName } from '@callgate/engine/internal/syscalls/lookup';
import type { CarrierReading } from '../carrier.ts';
import { ALWAYS, type Test } from '../list/alternatives.ts';
import { comparison, maskedComparison } from '../list/comparisons.ts';
import { ListFaults } from '../list/faults.ts';
import { type Answer, firstMatches } from '../list/first-match.ts';
import { linesOf, partOfWord, spanIn, wordsIn } from '../list/lines.ts';
import { type ListedAction, profileTree } from '../list/listed-profile.ts';
import { constantNamed } from './constants.ts';

/** What snap-seccomp adds to the machine's own ABI, by Debian's name of which. */
const SUB_ARCHITECTURES: Readonly<Partial<Record<AbiName, readonly AbiName[]>>> = {
  x86_64: ['x86'],
  aarch64: ['arm'],
  ppc64: ['ppc'],
};
/** Calls of which a negative argument is taken, as one of 32 bits. */
const WITH_NEGATIVE = new Set(
  `chown chown32 fchown fchown32 fchownat lchown lchown32 setgid setgid32 setregid setregid32 setresgid setresgid32
  setreuid setreuid32 setresuid setresuid32 setuid setuid32 copy_file_range`.split(/\s+/),
);
const OPERATORS: readonly (readonly [sign: string, operator: Operator])[] = [
  ['>=', 'GE'],
  ['<=', 'LE'],
  ['!', 'NE'],
  ['<', 'LT'],
  ['>', 'GT'],
  ['|', 'MASKED_EQ'],
];
const LOW_ONES = 0xffff_ffffn;
const EPERM = errnoNumber('EPERM')!;
const EACCES = errnoNumber('EACCES')!;
const LINE = /^[ \t]*(?:#.*|@unrestricted|@complain|[~!]?[a-z_]\w*(?:[ \t]+[-\w|<>=!:.~]+){0,6})?[ \t\r]*$/;
const MOST_LINE = 1000;

/** What a template of snap-seccomp says; undefined where a line of the text is none of one. Source: snapd's snap-seccomp. */
export function readSnap(text: string): CarrierReading | undefined {
  const lines = linesOf(text);
  if (!lines.every((line) => line.text.length <= MOST_LINE && LINE.test(line.text))) return undefined;
  const entries = lines
    .map((line) => ({ line, words: wordsIn(line) }))
    .filter(({ words }) => words.length > 0 && !words[0].value.startsWith('#'));
  if (!looksLikeOne(entries.map(({ words }) => words[0].value))) return undefined;
  const faults = new ListFaults();
  const mode = entries.find(({ words }) => words[0].value.startsWith('@'));
  const isUnrestricted = entries.some(({ words }) => words[0].value === '@unrestricted');
  const span = mode ? mode.words[0].span : spanIn(entries[0].line, 0, entries[0].line.text.length);
  const byDefault: ListedAction = mode
    ? { name: isUnrestricted ? 'ALLOW' : 'LOG', span }
    : { name: 'ERRNO', errno: EPERM, span };
  const answers = isUnrestricted ? [] : entries.flatMap(({ words }) => answerOf(words, faults) ?? []);
  // A filter of its own denies, and denies first; another one allows, unless nothing is to be refused.
  const denied = answers.filter(({ action }) => action.name === 'ERRNO');
  const allowed = mode ? [] : answers.filter(({ action }) => action.name === 'ALLOW');
  const calls = firstMatches([...denied, ...allowed], byDefault, faults);
  const tree = profileTree({ byDefault, calls, subArchitectures: SUB_ARCHITECTURES, span });
  return { profiles: [{ name: 'snap', tree, diagnostics: [] }], diagnostics: faults.all };
}

/** Two names of calls at least, and no more that are none. */
function looksLikeOne(names: readonly string[]): boolean {
  const known = names.filter((name) => isKnownName(name.replace(/^[~!]/, ''))).length;
  return names.some((name) => name.startsWith('@')) || (known >= 2 && known * 2 > names.length);
}

/** A line such as "socket AF_INET" or "~ioctl - TIOCSTI"; undefined where it says nothing. */
function answerOf(words: readonly Spanned<string>[], faults: ListFaults): Answer | undefined {
  const [first, ...args] = words;
  if (first.value.startsWith('@')) return undefined;
  const isDenied = first.value.startsWith('~');
  const name = isDenied ? partOfWord(first, 1) : first;
  if (!faults.knows(name, 'snap-seccomp')) return undefined;
  const conditions = args.flatMap((word, argument) =>
    word.value === '-' ? [] : [conditionIn(word, argument, name.value, faults)],
  );
  if (!conditions.every((condition) => condition !== undefined)) return undefined;
  const of = conditions.map((condition): Test => ({ kind: 'compare', any: [condition] }));
  const action: ListedAction = isDenied
    ? { name: 'ERRNO', errno: EACCES, span: first.span }
    : { name: 'ALLOW', span: first.span };
  return { name, action, test: of.length > 0 ? { kind: 'all', of } : ALWAYS };
}

function conditionIn(
  word: Spanned<string>,
  argument: number,
  call: string,
  faults: ListFaults,
): Condition | undefined {
  if (/^[ug]:/.test(word.value))
    return faults.warn(
      'list-elsewhere',
      `what number ${quote(word.value)} has is known to the machine alone, so this line is left out`,
      word.span,
    );
  const [sign, operator] = OPERATORS.find(([one]) => word.value.startsWith(one)) ?? ['', 'EQ' as const];
  const value = numberIn(word.value.slice(sign.length));
  const mayBeNegative = WITH_NEGATIVE.has(call);
  if (value === undefined || (value < 0n && !mayBeNegative))
    return faults.error(
      'bad-number',
      `${quote(word.value)} is no constant that is known, and no number that ${quote(call)} takes`,
      word.span,
      'decimal, at most 32 bits',
    );
  if (mayBeNegative) {
    if (operator === 'EQ') return maskedComparison(argument, LOW_ONES, BigInt.asUintN(32, value), word.span);
    return faults.syntax(`snap-seccomp compares arguments of ${quote(call)} with = alone`, word.span);
  }
  return operator === 'MASKED_EQ'
    ? maskedComparison(argument, value, value, word.span)
    : comparison(argument, operator, value, word.span);
}

/** A constant, or a decimal number of 32 bits. */
function numberIn(text: string): bigint | undefined {
  if (/^-\d{1,10}$/.test(text)) return BigInt(text) >= -(1n << 31n) ? BigInt(text) : undefined;
  if (/^\d/.test(text)) return /^\d{1,10}$/.test(text) && BigInt(text) <= LOW_ONES ? BigInt(text) : undefined;
  return /^[A-Z_]\w*$/.test(text) ? constantNamed(text) : undefined;
}
