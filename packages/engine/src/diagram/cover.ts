import { Diagram, DiagramTooLarge, type NodeId } from './diagram.ts';
import type { Field } from './fields.ts';
import type { Cube } from './value-set.ts';

/** A condition on a field as mask tests of which one is enough, and what they say together. */
export interface Cover {
  readonly cubes: readonly Cube[];
  readonly covered: NodeId;
}

const EMPTY: Cover = { cubes: [], covered: Diagram.FALSE };

/**
 * Few mask tests that cover all values of `wanted` and none outside of `allowed`; they may overlap. Undefined when there are
 * more than that. An irredundant sum of products: Minato, "Fast generation of irredundant sum-of-products forms" (1993).
 */
export function coverOf(
  diagram: Diagram,
  wanted: NodeId,
  allowed: NodeId,
  field: Field,
  most: number,
): Cover | undefined {
  let count = 0;
  const bit = (variable: number) => 1n << BigInt(field.first + field.bits - 1 - variable);
  const cover = (lower: NodeId, upper: NodeId): Cover => {
    if (lower === Diagram.FALSE) return EMPTY;
    if (upper === Diagram.TRUE) {
      if (++count > most) throw new DiagramTooLarge();
      return { cubes: [{ mask: 0n, value: 0n }], covered: Diagram.TRUE };
    }
    const variable = Math.min(variableOf(diagram, lower), variableOf(diagram, upper));
    const [lower0, lower1] = branches(diagram, lower, variable);
    const [upper0, upper1] = branches(diagram, upper, variable);
    const zero = cover(without(diagram, lower0, upper1), upper0);
    const one = cover(without(diagram, lower1, upper0), upper1);
    const rest = diagram.or(without(diagram, lower0, zero.covered), without(diagram, lower1, one.covered));
    const both = cover(rest, diagram.and(upper0, upper1));
    const with0 = zero.cubes.map(({ mask, value }) => ({ mask: mask | bit(variable), value }));
    const with1 = one.cubes.map(({ mask, value }) => ({
      mask: mask | bit(variable),
      value: value | bit(variable),
    }));
    return {
      cubes: [...with0, ...with1, ...both.cubes],
      covered: diagram.or(diagram.node(variable, zero.covered, one.covered), both.covered),
    };
  };
  try {
    return cover(wanted, allowed);
  } catch (fault) {
    if (!(fault instanceof DiagramTooLarge)) throw fault;
    return undefined;
  }
}

function variableOf(diagram: Diagram, id: NodeId): number {
  return diagram.isTerminal(id) ? Infinity : diagram.variable(id);
}

function branches(diagram: Diagram, id: NodeId, variable: number): [NodeId, NodeId] {
  return variableOf(diagram, id) === variable ? [diagram.low(id), diagram.high(id)] : [id, id];
}

/** Of a set what is not in another one. */
export function without(diagram: Diagram, set: NodeId, other: NodeId): NodeId {
  return diagram.choose(other, Diagram.FALSE, set);
}
