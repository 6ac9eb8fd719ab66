import { Diagram, type NodeId } from './diagram.ts';
import type { Field } from './fields.ts';

/** Consecutive values of a field that lead to the same node. Unsigned. */
export interface ValueRange {
  readonly low: bigint;
  readonly high: bigint;
  readonly exit: NodeId;
}

/** The values of a field by where they lead, in ascending order; undefined when there are more ranges than that. */
export function valueRanges(
  diagram: Diagram,
  node: NodeId,
  field: Field,
  most: number,
): ValueRange[] | undefined {
  const ranges: { low: bigint; high: bigint; exit: NodeId }[] = [];
  const walk = (id: NodeId, bit: number, low: bigint): boolean => {
    if (leaves(diagram, id, field)) {
      const high = low + (1n << BigInt(field.bits - bit)) - 1n;
      const last = ranges.at(-1);
      if (last?.exit === id) last.high = high;
      else ranges.push({ low, high, exit: id });
      return ranges.length <= most;
    }
    const half = 1n << BigInt(field.bits - 1 - bit);
    const tested = diagram.variable(id) - field.first === bit;
    const [zero, one] = tested ? [diagram.low(id), diagram.high(id)] : [id, id];
    return walk(zero, bit + 1, low) && walk(one, bit + 1, low + half);
  };
  return walk(node, 0, 0n) ? ranges : undefined;
}

/** Whether a node tests nothing of the field any more. */
export function leaves(diagram: Diagram, id: NodeId, field: Field): boolean {
  return diagram.isTerminal(id) || diagram.variable(id) >= field.first + field.bits;
}

/**
 * For each node to which values of the field lead, those values, as a condition on the field alone; undefined when there
 * are more such nodes than that.
 */
export function exitsOf(
  diagram: Diagram,
  node: NodeId,
  field: Field,
  most: number,
): Map<NodeId, NodeId> | undefined {
  const exits = new Set<NodeId>();
  const seen = new Set<NodeId>();
  const collect = (id: NodeId): void => {
    if (seen.has(id) || exits.size > most) return;
    seen.add(id);
    if (leaves(diagram, id, field)) exits.add(id);
    else {
      collect(diagram.low(id));
      collect(diagram.high(id));
    }
  };
  collect(node);
  if (exits.size > most) return undefined;
  return new Map([...exits].map((exit) => [exit, valuesTo(diagram, node, field, exit)]));
}

function valuesTo(diagram: Diagram, node: NodeId, field: Field, exit: NodeId): NodeId {
  const done = new Map<NodeId, NodeId>();
  const walk = (id: NodeId): NodeId => {
    if (leaves(diagram, id, field)) return id === exit ? Diagram.TRUE : Diagram.FALSE;
    let result = done.get(id);
    if (result === undefined) {
      result = diagram.node(diagram.variable(id), walk(diagram.low(id)), walk(diagram.high(id)));
      done.set(id, result);
    }
    return result;
  };
  return walk(node);
}

/** (value & mask) == value: what a cube asks of a field. */
export interface Cube {
  readonly mask: bigint;
  readonly value: bigint;
}

/** The condition on a field as one mask test, if it is one. */
export function asCube(diagram: Diagram, condition: NodeId, field: Field): Cube | undefined {
  let mask = 0n;
  let value = 0n;
  for (let id = condition; id !== Diagram.TRUE; ) {
    if (diagram.isTerminal(id)) return undefined;
    const bit = 1n << BigInt(field.first + field.bits - 1 - diagram.variable(id));
    const [low, high] = [diagram.low(id), diagram.high(id)];
    if (low !== Diagram.FALSE && high !== Diagram.FALSE) return undefined;
    mask |= bit;
    if (low === Diagram.FALSE) value |= bit;
    id = low === Diagram.FALSE ? high : low;
  }
  return { mask, value };
}

/** The condition on a field as disjoint mask tests; undefined when there are more than that. */
export function cubesOf(diagram: Diagram, condition: NodeId, field: Field, most: number): Cube[] | undefined {
  const cubes: Cube[] = [];
  const walk = (id: NodeId, mask: bigint, value: bigint): boolean => {
    if (id === Diagram.FALSE) return true;
    if (id === Diagram.TRUE) return cubes.push({ mask, value }) <= most;
    const bit = 1n << BigInt(field.first + field.bits - 1 - diagram.variable(id));
    return walk(diagram.low(id), mask | bit, value) && walk(diagram.high(id), mask | bit, value | bit);
  };
  return walk(condition, 0n, 0n) ? cubes : undefined;
}
