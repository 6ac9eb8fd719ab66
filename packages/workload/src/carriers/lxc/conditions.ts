import type { Condition, Operator } from '@callgate/engine/internal/profile/profile';
import { quote } from '@callgate/engine/internal/source/tree';
import type { ListFaults } from '../list/faults.ts';
import { type Line, spanIn, trimmedIn } from '../list/lines.ts';

/** The comparisons by both of their names. */
const OPERATORS: Readonly<Record<string, Operator>> = {
  SCMP_CMP_NE: 'NE',
  SCMP_CMP_LT: 'LT',
  SCMP_CMP_LE: 'LE',
  SCMP_CMP_EQ: 'EQ',
  SCMP_CMP_GE: 'GE',
  SCMP_CMP_GT: 'GT',
  SCMP_CMP_MASKED_EQ: 'MASKED_EQ',
  '!=': 'NE',
  '<': 'LT',
  '<=': 'LE',
  '==': 'EQ',
  '>=': 'GE',
  '>': 'GT',
  '&=': 'MASKED_EQ',
};
const MAX_U64 = 0xffff_ffff_ffff_ffffn;
const MOST = 6;

/** What a line says in brackets, [index,value,op] or [index,value,op,mask]; undefined where a part of it is faulty. */
export function conditionsIn(line: Line, faults: ListFaults): Condition[] | undefined {
  const conditions: Condition[] = [];
  for (let at = line.text.indexOf('['); at >= 0; ) {
    const close = line.text.indexOf(']', at);
    const end = close < 0 ? line.text.length : close;
    if (conditions.length === MOST)
      return faults.syntax('LXC reads six conditions at most', spanIn(line, at, end));
    const condition = conditionIn(line, at + 1, end, faults);
    if (!condition) return undefined;
    if (conditions.some(({ argument }) => argument === condition.argument))
      return faults.syntax('two conditions on one argument, which libseccomp refuses', condition.span);
    conditions.push(condition);
    at = close < 0 ? -1 : line.text.indexOf('[', close);
  }
  return conditions;
}

function conditionIn(line: Line, from: number, to: number, faults: ListFaults): Condition | undefined {
  const parts: { value: string; span: ReturnType<typeof spanIn> }[] = [];
  for (let start = from; start <= to; ) {
    const comma = line.text.indexOf(',', start);
    const end = comma < 0 || comma > to ? to : comma;
    parts.push(trimmedIn(line, start, end));
    start = end + 1;
  }
  const span = spanIn(line, from - 1, Math.min(to + 1, line.text.length));
  const [index, value, op, mask] = parts;
  if (parts.length < 3 || parts.length > 4)
    return faults.syntax('a condition is [index,value,op] or [index,value,op,mask]', span);
  const argument = numberIn(index.value);
  if (argument === undefined || argument > 5n)
    return faults.error('bad-argument-index', `${quote(index.value)} is no argument`, index.span, '0 to 5');
  const operator = Object.hasOwn(OPERATORS, op.value) ? OPERATORS[op.value] : undefined;
  if (!operator)
    return faults.error(
      'unknown-operator',
      `LXC has no comparison ${quote(op.value)}`,
      op.span,
      'such as SCMP_CMP_EQ',
    );
  const [wanted, bits] = [numberIn(value.value), mask ? numberIn(mask.value) : 0n];
  if (wanted === undefined || bits === undefined)
    return faults.error(
      'bad-number',
      `${quote((wanted === undefined ? value : mask).value)} is no number of 64 bits`,
      (wanted === undefined ? value : mask).span,
    );
  const places = { argument: index.span, operator: op.span };
  return operator === 'MASKED_EQ'
    ? {
        argument: Number(argument),
        operator,
        value: bits,
        valueTwo: wanted,
        span,
        parts: { ...places, value: mask?.span, valueTwo: value.span },
      }
    : {
        argument: Number(argument),
        operator,
        value: wanted,
        valueTwo: 0n,
        span,
        parts: { ...places, value: value.span },
      };
}

/** As strtoull has it with base 0: decimal, 0x…, and octal behind a 0. */
function numberIn(text: string): bigint | undefined {
  if (/^0[0-7]{1,22}$/.test(text)) return bounded(BigInt(`0o${text.slice(1)}`));
  return /^(?:0[xX][\da-fA-F]{1,16}|\d{1,20})$/.test(text) ? bounded(BigInt(text)) : undefined;
}

function bounded(value: bigint): bigint | undefined {
  return value <= MAX_U64 ? value : undefined;
}
