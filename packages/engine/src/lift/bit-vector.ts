import { Diagram, type NodeId } from '../diagram/diagram.ts';
import type { Field } from '../diagram/fields.ts';

/** A 32-bit value that depends on the call: 32 conditions, the highest bit first. */
export type BitVector = readonly NodeId[];

const BITS = 32;

/** The same value for every call. */
export function constant(value: number): BitVector {
  return Array.from({ length: BITS }, (_, i) => (value >>> (BITS - 1 - i)) & 1);
}

/** The value of a 32-bit field of the call. */
export function load(diagram: Diagram, field: Field): BitVector {
  return Array.from({ length: BITS }, (_, i) => diagram.node(field.first + i, Diagram.FALSE, Diagram.TRUE));
}

function bitwise(a: BitVector, b: BitVector, join: (x: NodeId, y: NodeId) => NodeId): BitVector {
  return a.map((bit, i) => join(bit, b[i]));
}

export function and(d: Diagram, a: BitVector, b: BitVector): BitVector {
  return bitwise(a, b, (x, y) => d.and(x, y));
}

export function or(d: Diagram, a: BitVector, b: BitVector): BitVector {
  return bitwise(a, b, (x, y) => d.or(x, y));
}

export function xor(d: Diagram, a: BitVector, b: BitVector): BitVector {
  return bitwise(a, b, (x, y) => exclusiveOr(d, x, y));
}

export function not(d: Diagram, a: BitVector): BitVector {
  return a.map((bit) => d.not(bit));
}

/** a + b + carry, modulo 2^32. */
export function add(d: Diagram, a: BitVector, b: BitVector, carry: NodeId = Diagram.FALSE): BitVector {
  const sum = new Array<NodeId>(BITS);
  let c = carry;
  for (let i = BITS - 1; i >= 0; i--) {
    const half = exclusiveOr(d, a[i], b[i]);
    sum[i] = exclusiveOr(d, half, c);
    c = d.choose(half, c, a[i]);
  }
  return sum;
}

export function subtract(d: Diagram, a: BitVector, b: BitVector): BitVector {
  return add(d, a, not(d, b), Diagram.TRUE);
}

export function negate(d: Diagram, a: BitVector): BitVector {
  return subtract(d, constant(0), a);
}

export function multiply(d: Diagram, a: BitVector, b: BitVector): BitVector {
  let product = constant(0);
  for (let i = 0; i < BITS; i++) {
    const bit = b[BITS - 1 - i];
    if (bit === Diagram.FALSE) continue;
    const shifted = shiftLeft(a, i).map((x) => d.and(bit, x));
    product = add(d, product, shifted);
  }
  return product;
}

/** Unsigned a / b by long division; where b is 0 the result means nothing. */
export function divide(d: Diagram, a: BitVector, b: BitVector): BitVector {
  const quotient = new Array<NodeId>(BITS);
  let rest = constant(0);
  for (let i = 0; i < BITS; i++) {
    // The bit that the shift pushes out of the remainder makes it larger than any 32-bit divisor.
    const carried = rest[0];
    const next = [...rest.slice(1), a[i]];
    const fits = d.or(carried, atLeast(d, next, b));
    quotient[i] = fits;
    const reduced = subtract(d, next, b);
    rest = next.map((bit, j) => d.choose(fits, reduced[j], bit));
  }
  return quotient;
}

export function shiftLeft(a: BitVector, by: number): BitVector {
  return [...a.slice(by), ...new Array<NodeId>(by).fill(Diagram.FALSE)];
}

export function shiftRight(a: BitVector, by: number): BitVector {
  return [...new Array<NodeId>(by).fill(Diagram.FALSE), ...a.slice(0, BITS - by)];
}

/** A shift by the low five bits of another value. */
export function shiftBy(
  d: Diagram,
  a: BitVector,
  by: BitVector,
  shift: (a: BitVector, n: number) => BitVector,
): BitVector {
  let result = a;
  for (let i = 0; i < 5; i++) {
    const shifted = shift(result, 1 << i);
    result = result.map((bit, j) => d.choose(by[BITS - 1 - i], shifted[j], bit));
  }
  return result;
}

/** The condition a == b. */
export function equal(d: Diagram, a: BitVector, b: BitVector): NodeId {
  let id = Diagram.TRUE;
  for (let i = BITS - 1; i >= 0; i--) {
    if (b[i] === Diagram.TRUE) id = d.and(a[i], id);
    else if (b[i] === Diagram.FALSE) id = d.choose(a[i], Diagram.FALSE, id);
    else id = d.and(d.not(exclusiveOr(d, a[i], b[i])), id);
  }
  return id;
}

/** The condition a >= b, unsigned. */
export function atLeast(d: Diagram, a: BitVector, b: BitVector): NodeId {
  return compare(d, a, b, Diagram.TRUE);
}

/** The condition a > b, unsigned. */
export function greater(d: Diagram, a: BitVector, b: BitVector): NodeId {
  return compare(d, a, b, Diagram.FALSE);
}

/** The condition (a & b) != 0. */
export function intersects(d: Diagram, a: BitVector, b: BitVector): NodeId {
  let id = Diagram.FALSE;
  for (let i = BITS - 1; i >= 0; i--) id = d.or(d.and(a[i], b[i]), id);
  return id;
}

function compare(d: Diagram, a: BitVector, b: BitVector, whenEqual: NodeId): NodeId {
  let id = whenEqual;
  for (let i = BITS - 1; i >= 0; i--) {
    if (b[i] === Diagram.TRUE) id = d.and(a[i], id);
    else if (b[i] === Diagram.FALSE) id = d.or(a[i], id);
    else id = d.choose(b[i], d.and(a[i], id), d.or(a[i], id));
  }
  return id;
}

function exclusiveOr(d: Diagram, a: NodeId, b: NodeId): NodeId {
  if (b === Diagram.FALSE) return a;
  if (a === Diagram.FALSE) return b;
  return d.choose(a, d.not(b), b);
}
