import type { Span, Spanned } from '@callgate/engine/internal/diagnostics/span';
import type { Condition, Operator } from '@callgate/engine/internal/profile/profile';
import { quote } from '@callgate/engine/internal/source/tree';
import type { Test } from '../list/alternatives.ts';
import { ALL_ONES, comparison, maskedComparison } from '../list/comparisons.ts';
import type { ListFaults } from '../list/faults.ts';
import { type Line, spanIn, trimmedIn, wordsIn } from '../list/lines.ts';
import { constantIn } from './constant.ts';

const COMPARISONS: Readonly<Record<string, Operator>> = {
  '==': 'EQ',
  '!=': 'NE',
  '<': 'LT',
  '<=': 'LE',
  '>': 'GT',
  '>=': 'GE',
};

/** Comparisons joined by && and those joined by ||, as minijail0(5) has them; undefined where one is faulty. */
export function testIn(line: Line, from: number, to: number, faults: ListFaults): Test | undefined {
  const any = partsOf(line, from, to, '||').map(([start, end]) => {
    const all = partsOf(line, start, end, '&&').map(([first, last]) =>
      comparisonIn(line, first, last, faults),
    );
    return all.every((one) => one !== undefined) ? ({ kind: 'all', of: all } as const) : undefined;
  });
  return any.every((one) => one !== undefined) ? { kind: 'any', of: any } : undefined;
}

function partsOf(line: Line, from: number, to: number, separator: string): [number, number][] {
  const parts: [number, number][] = [];
  for (let start = from; start <= to; ) {
    const at = line.text.indexOf(separator, start);
    const end = at < 0 || at >= to ? to : at;
    parts.push([start, end]);
    start = end === to ? to + 1 : end + separator.length;
  }
  return parts;
}

/** Such as arg1 == 0x5401 or arg2 in ~PROT_EXEC. */
function comparisonIn(line: Line, from: number, to: number, faults: ListFaults): Test | undefined {
  const words = wordsIn(line, from, to);
  if (words.length < 3) {
    const span = words.length > 0 ? trimmedIn(line, from, to).span : spanIn(line, from, to);
    return faults.syntax('a comparison is argN OPERATOR VALUE', span, 'such as arg1 == 0x5401');
  }
  const [left, operator] = words;
  const argument = /^arg([0-5])$/.exec(left.value)?.[1];
  if (argument === undefined)
    return faults.error(
      'bad-argument-index',
      `${quote(left.value)} is no argument`,
      left.span,
      'arg0 to arg5',
    );
  // Blanks around "|" are written by people, and read by the compiler of policies.
  const last = words[words.length - 1].span;
  const right = {
    value: words
      .slice(2)
      .map(({ value }) => value)
      .join(''),
    span: { start: words[2].span.start, end: last.end },
  };
  const value = constantIn(right.value);
  if (value === undefined)
    return faults.error('bad-number', `${quote(right.value)} is no constant that is known`, right.span);
  const span = { start: left.span.start, end: last.end };
  const any = conditionsOf(Number(argument), operator, value, span);
  if (any) return { kind: 'compare', any };
  return faults.error(
    'unknown-operator',
    `minijail has no comparison ${quote(operator.value)}`,
    operator.span,
    'it has ==, !=, <, <=, >, >=, & and in',
  );
}

function conditionsOf(
  argument: number,
  { value: word }: Spanned<string>,
  value: bigint,
  span: Span,
): Condition[] | undefined {
  if (Object.hasOwn(COMPARISONS, word)) return [comparison(argument, COMPARISONS[word], value, span)];
  // No bit but these.
  if (word === 'in') return [maskedComparison(argument, ~value & ALL_ONES, 0n, span)];
  return word === '&' ? anyBit(argument, value, span) : undefined;
}

/** One of several bits at least. */
function anyBit(argument: number, bits: bigint, span: Span): Condition[] {
  const conditions: Condition[] = [];
  for (let bit = 1n; bit <= bits; bit <<= 1n)
    if ((bits & bit) !== 0n) conditions.push(maskedComparison(argument, bit, bit, span));
  return conditions;
}
