import type { Diagram, NodeId } from './diagram.ts';

/**
 * What a diagram decides from one of its nodes on: a function from calls to words. A node means nothing without its
 * diagram, so the two are kept and passed together.
 */
export interface Decision {
  readonly diagram: Diagram;
  readonly root: NodeId;
}

/** The node of a diagram that decides as a decision of any diagram does. */
export function adopt(into: Diagram, { diagram, root }: Decision): NodeId {
  if (diagram === into) return root;
  const done = new Map<NodeId, NodeId>();
  const copy = (id: NodeId): NodeId => {
    let mine = done.get(id);
    if (mine === undefined) {
      mine = diagram.isTerminal(id)
        ? into.terminal(diagram.word(id))
        : into.node(diagram.variable(id), copy(diagram.low(id)), copy(diagram.high(id)));
      done.set(id, mine);
    }
    return mine;
  };
  return copy(root);
}

/** Whether two decisions give every call the same word: a proof, whichever diagrams they are of. */
export function decideAlike(a: Decision, b: Decision): boolean {
  return adopt(a.diagram, b) === a.root;
}
