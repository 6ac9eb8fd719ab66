import type { Span } from '@callgate/engine/internal/diagnostics/span';
import type { Condition, Operator } from '@callgate/engine/internal/profile/profile';
import { ALL_ONES, comparison, maskedComparison, meets, ofLowWord, opposite } from '../list/comparisons.ts';

/** A side of a comparison: a number, or bits of an argument of which some are set whatever it holds. */
export interface Value {
  readonly argument?: { readonly index: number; readonly bits: 32 | 64 };
  /** Of an argument: what is kept; of a number: nothing. */
  readonly mask: bigint;
  /** The number, or what is set. */
  readonly set: bigint;
  /** Whether a number with more than 32 bits stands in it. */
  readonly isLong: boolean;
}

export function numberValue(number: bigint): Value {
  return { mask: 0n, set: number, isLong: number > 0xffff_ffffn };
}

export function argumentValue(index: number, bits: 32 | 64): Value {
  return { argument: { index, bits }, mask: ALL_ONES, set: 0n, isLong: false };
}

/** a & b; undefined for two arguments. */
export function masked(a: Value, b: Value): Value | undefined {
  if (a.argument && b.argument) return undefined;
  const [kept, mask] = a.argument ? [a, b.set] : [b, a.set];
  // A mask that keeps everything is dropped before the width is decided.
  const isLong = kept.isLong || (mask !== ALL_ONES && mask > 0xffff_ffffn);
  return { argument: kept.argument, mask: kept.mask & mask, set: kept.set & mask, isLong };
}

/** a | b; undefined for two arguments. */
export function joined(a: Value, b: Value): Value | undefined {
  if (a.argument && b.argument) return undefined;
  const [kept, bits] = a.argument ? [a, b.set] : [b, a.set];
  return {
    argument: kept.argument,
    mask: kept.mask & ~bits & ALL_ONES,
    set: kept.set | bits,
    isLong: kept.isLong || b.isLong || a.isLong,
  };
}

const SWAPPED: Readonly<Record<string, Operator>> = {
  EQ: 'EQ',
  NE: 'NE',
  LT: 'GT',
  LE: 'GE',
  GT: 'LT',
  GE: 'LE',
};

/** A comparison as conditions of which exactly one holds; undefined where OCI's form has none for it. */
export function compared(
  left: Value,
  operator: Operator,
  right: Value,
  span: Span,
): readonly Condition[] | undefined {
  if (left.argument && right.argument) return undefined;
  if (!left.argument) {
    if (right.argument) return compared(right, SWAPPED[operator], left, span);
    return meets(comparison(0, operator, right.set, span), left.set) ? [comparison(0, 'GE', 0n, span)] : [];
  }
  const { index, bits } = left.argument;
  const isWide = bits === 64 || left.isLong || right.isLong;
  const conditions = ofWhole(index, left, operator, right.set, span);
  return isWide ? conditions : conditions?.flatMap(ofLowWord);
}

function ofWhole(
  index: number,
  { mask, set }: Value,
  operator: Operator,
  value: bigint,
  span: Span,
): readonly Condition[] | undefined {
  if (mask === ALL_ONES) return [comparison(index, operator, value, span)];
  if (value === 0n && set === 0n && operator === 'GT')
    return ofWhole(index, { mask, set, isLong: false }, 'NE', 0n, span);
  if (operator !== 'EQ' && operator !== 'NE') return undefined;
  // A value that the bits cannot have is a mistake, of which kafel makes something else.
  if ((value & ~mask & ALL_ONES) !== set) return undefined;
  const equal = maskedComparison(index, mask, value & mask, span);
  return operator === 'EQ' ? [equal] : opposite(equal);
}
