import type { Diagram, NodeId } from './diagram.ts';
import type { Field } from './fields.ts';

/** Of a condition what is left when a field may have any value: it holds where some value would make it hold. */
export function forget(diagram: Diagram, condition: NodeId, field: Field): NodeId {
  const done = new Map<NodeId, NodeId>();
  const end = field.first + field.bits;
  const walk = (id: NodeId): NodeId => {
    if (diagram.isTerminal(id) || diagram.variable(id) >= end) return id;
    let rest = done.get(id);
    if (rest === undefined) {
      const variable = diagram.variable(id);
      const [low, high] = [walk(diagram.low(id)), walk(diagram.high(id))];
      rest = variable >= field.first ? diagram.or(low, high) : diagram.node(variable, low, high);
      done.set(id, rest);
    }
    return rest;
  };
  return walk(condition);
}

/** Whether what a diagram decides depends on a field at all. */
export function dependsOn(diagram: Diagram, root: NodeId, field: Field): boolean {
  return diagram
    .reachable(root)
    .some(
      (id) =>
        !diagram.isTerminal(id) &&
        diagram.variable(id) >= field.first &&
        diagram.variable(id) < field.first + field.bits,
    );
}
