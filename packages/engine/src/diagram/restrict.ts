import type { Diagram, NodeId } from './diagram.ts';
import { NR } from './fields.ts';

/** The rest of a diagram once arch is known: it tests nr and arguments only. */
export function restrictArch(diagram: Diagram, root: NodeId, auditArch: number): NodeId {
  let id = root;
  while (!diagram.isTerminal(id) && diagram.variable(id) < NR.first)
    id = bit(auditArch, diagram.variable(id)) === 0 ? diagram.low(id) : diagram.high(id);
  return id;
}

/** An arch that no ABI has. */
const NO_ARCH = 0x12345678;

/** The rest of a diagram for calls of an ABI that no machine has. */
export function restrictForeign(diagram: Diagram, root: NodeId): NodeId {
  return restrictArch(diagram, root, NO_ARCH);
}

/** The rest of a diagram once arch and nr are known: it tests arguments only. */
export function restrict(diagram: Diagram, root: NodeId, auditArch: number, nr: number): NodeId {
  let id = restrictArch(diagram, root, auditArch);
  while (!diagram.isTerminal(id) && diagram.variable(id) < NR.first + NR.bits)
    id = bit(nr, diagram.variable(id) - NR.first) === 0 ? diagram.low(id) : diagram.high(id);
  return id;
}

function bit(word: number, variable: number): number {
  return (word >>> (31 - variable)) & 1;
}
