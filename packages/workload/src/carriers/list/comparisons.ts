import type { Span } from '@callgate/engine/internal/diagnostics/span';
import type { Condition, Operator } from '@callgate/engine/internal/profile/profile';

export const ALL_ONES = 0xffff_ffff_ffff_ffffn;
const LOW_ONES = 0xffff_ffffn;

/** A comparison of an argument with all 64 bits of a value. */
export function comparison(argument: number, operator: Operator, value: bigint, span: Span): Condition {
  return { argument, operator, value, valueTwo: 0n, span };
}

/** Whether some bits of an argument have a value. */
export function maskedComparison(argument: number, mask: bigint, value: bigint, span: Span): Condition {
  return mask === ALL_ONES
    ? comparison(argument, 'EQ', value, span)
    : { argument, operator: 'MASKED_EQ', value: mask, valueTwo: value, span };
}

/** Whether a value meets a condition. */
export function meets({ operator, value, valueTwo }: Condition, argument: bigint): boolean {
  switch (operator) {
    case 'EQ':
      return argument === value;
    case 'NE':
      return argument !== value;
    case 'LT':
      return argument < value;
    case 'LE':
      return argument <= value;
    case 'GE':
      return argument >= value;
    case 'GT':
      return argument > value;
    case 'MASKED_EQ':
      return (argument & value) === valueTwo;
  }
}

/** Whether every value that meets one condition meets the other; no where that is not plain to see. */
export function implies(a: Condition, b: Condition): boolean {
  if (a.operator === 'EQ') return meets(b, a.value);
  if (b.operator === 'NE') return !meets(a, b.value);
  const [first, second] = [rangeOf(a), rangeOf(b)];
  if (first && second) return second.from <= first.from && first.to <= second.to;
  if (a.operator !== 'MASKED_EQ') return false;
  if (second) return second.from <= a.valueTwo && (a.valueTwo | (ALL_ONES & ~a.value)) <= second.to;
  return (b.value & ~a.value) === 0n && (a.valueTwo & b.value) === b.valueTwo;
}

/** Conditions of which exactly one holds where both hold; none where both never do. */
export function both(a: Condition, b: Condition): Condition[] {
  if (a.operator === 'EQ') return meets(b, a.value) ? [a] : [];
  if (b.operator === 'EQ') return meets(a, b.value) ? [b] : [];
  const [first, second] = [rangeOf(a), rangeOf(b)];
  if (first && second) return inRange(a, max(first.from, second.from), min(first.to, second.to));
  if (a.operator === 'NE' && b.operator === 'NE' && a.value === b.value) return [a];
  if (a.operator === 'NE') return without(b, a.value);
  if (b.operator === 'NE') return without(a, b.value);
  return cubesOf(a).flatMap((one) => cubesOf(b).flatMap((other) => meeting(a, one, other)));
}

/** Conditions of which exactly one holds where the given one does not. */
export function opposite(condition: Condition): Condition[] {
  const { operator, value, valueTwo } = condition;
  const other = OPPOSITES[operator];
  if (other) return possible({ ...condition, operator: other });
  const cubes: Condition[] = [];
  if ((valueTwo & ~value) !== 0n) return [{ ...condition, operator: 'GE', value: 0n, valueTwo: 0n }];
  let known = 0n;
  for (const bit of bitsOf(value)) {
    cubes.push(
      maskedComparison(
        condition.argument,
        known | bit,
        (valueTwo & known) | (~valueTwo & bit),
        condition.span,
      ),
    );
    known |= bit;
  }
  return cubes;
}

const OPPOSITES: Readonly<Partial<Record<Operator, Operator>>> = {
  EQ: 'NE',
  NE: 'EQ',
  LT: 'GE',
  GE: 'LT',
  LE: 'GT',
  GT: 'LE',
};

/** The same comparison of the lower 32 bits alone, as conditions of which exactly one holds. */
export function ofLowWord({ argument, operator, value, valueTwo, span }: Condition): Condition[] {
  const cube = ({ mask, bits }: Cube) => maskedComparison(argument, mask & LOW_ONES, bits & LOW_ONES, span);
  const low = value & LOW_ONES;
  switch (operator) {
    case 'EQ':
      return [cube({ mask: LOW_ONES, bits: low })];
    case 'MASKED_EQ':
      return [cube({ mask: value, bits: valueTwo })];
    case 'NE':
      return opposite(maskedComparison(argument, LOW_ONES, low, span));
    case 'LT':
      return low === 0n ? [] : prefixes(0n, low - 1n).map(cube);
    case 'LE':
      return prefixes(0n, low).map(cube);
    case 'GE':
      return prefixes(low, LOW_ONES).map(cube);
    case 'GT':
      return low === LOW_ONES ? [] : prefixes(low + 1n, LOW_ONES).map(cube);
  }
}

/** Whether a condition holds for every value. */
export function isAlways(condition: Condition): boolean {
  const { operator, value, valueTwo } = condition;
  if (operator === 'MASKED_EQ') return value === 0n && valueTwo === 0n;
  const range = rangeOf(condition);
  return range !== undefined && range.from === 0n && range.to === ALL_ONES;
}

/** Bits of an argument that are asked for, and what they are to be. */
interface Cube {
  readonly mask: bigint;
  readonly bits: bigint;
}

function cubesOf(condition: Condition): Cube[] {
  const { operator, value, valueTwo } = condition;
  if (operator === 'MASKED_EQ') return (valueTwo & ~value) === 0n ? [{ mask: value, bits: valueTwo }] : [];
  const { from, to } = rangeOf(condition)!;
  return prefixes(from, to);
}

function meeting({ argument, span }: Condition, a: Cube, b: Cube): Condition[] {
  if (((a.bits ^ b.bits) & a.mask & b.mask) !== 0n) return [];
  return [maskedComparison(argument, a.mask | b.mask, a.bits | b.bits, span)];
}

/** What is left of a condition without one value. */
function without(condition: Condition, value: bigint): Condition[] {
  if (!meets(condition, value)) return [condition];
  const { argument, span } = condition;
  const range = rangeOf(condition);
  if (range)
    return [
      ...(value > range.from ? inRange(condition, range.from, value - 1n) : []),
      ...(value < range.to ? inRange(condition, value + 1n, range.to) : []),
    ];
  if (condition.operator === 'NE')
    return [
      ...without(comparison(argument, 'LT', condition.value, span), value),
      ...without(comparison(argument, 'GT', condition.value, span), value),
    ];
  const cubes: Condition[] = [];
  let known = condition.value;
  for (const bit of bitsOf(~condition.value & ALL_ONES)) {
    cubes.push(maskedComparison(argument, known | bit, (value & known) | (~value & bit), span));
    known |= bit;
  }
  return cubes;
}

function rangeOf({ operator, value }: Condition): { readonly from: bigint; readonly to: bigint } | undefined {
  switch (operator) {
    case 'EQ':
      return { from: value, to: value };
    case 'LT':
      return { from: 0n, to: value - 1n };
    case 'LE':
      return { from: 0n, to: value };
    case 'GE':
      return { from: value, to: ALL_ONES };
    case 'GT':
      return { from: value + 1n, to: ALL_ONES };
    default:
      return undefined;
  }
}

function inRange({ argument, span }: Condition, from: bigint, to: bigint): Condition[] {
  if (from > to) return [];
  if (from === to) return [comparison(argument, 'EQ', from, span)];
  if (from === 0n) return [comparison(argument, 'LE', to, span)];
  if (to === ALL_ONES) return [comparison(argument, 'GE', from, span)];
  return prefixes(from, to).map(({ mask, bits }) => maskedComparison(argument, mask, bits, span));
}

/** A range as values with the same beginning, at most 126 of them. */
function prefixes(from: bigint, to: bigint): Cube[] {
  const cubes: Cube[] = [];
  for (let at = from; at <= to; ) {
    let size = 1n;
    while ((at & (2n * size - 1n)) === 0n && at + 2n * size - 1n <= to) size *= 2n;
    cubes.push({ mask: ALL_ONES & ~(size - 1n), bits: at });
    at += size;
  }
  return cubes;
}

/** The bits that are set, the highest first. */
function* bitsOf(mask: bigint): Iterable<bigint> {
  for (let bit = 1n << 63n; bit > 0n; bit >>= 1n) if ((mask & bit) !== 0n) yield bit;
}

/** Nothing where no value meets it. */
function possible(condition: Condition): Condition[] {
  const range = rangeOf(condition);
  return range && range.from > range.to ? [] : [condition];
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
