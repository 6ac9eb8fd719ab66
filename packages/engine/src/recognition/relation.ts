import { actionOfWord, executes } from '../bpf/action.ts';
import { callsWhere, difference } from '../diagram/call-set.ts';
import { adopt } from '../diagram/decision.ts';
import { Diagram, type NodeId } from '../diagram/diagram.ts';
import { ARCH } from '../diagram/fields.ts';
import { restrict } from '../diagram/restrict.ts';
import { arePoliciesEqual, type Policy } from '../policy/policy.ts';
import { type AbiName, abiOf } from '../syscalls/arch.ts';
import { callsOf } from '../syscalls/lookup.ts';

/**
 * How a filter stands to another: equal in every answer; looser or tighter, when it lets pass all that the other does and more,
 * or the other way round; other, when neither is so, or only the errnos differ.
 */
export type Relation = 'equal' | 'looser' | 'tighter' | 'other';

/** How a filter stands to another, and how many calls of the machine's own ABI pass with more or fewer arguments than there. */
export interface Comparison {
  readonly relation: Relation;
  readonly looser: number;
  readonly tighter: number;
}

/** How a policy stands to another on a machine: calls of ABIs that it cannot run count for nothing. */
export function compareWith(policy: Policy, other: Policy, native: AbiName): Comparison {
  if (arePoliciesEqual(policy, other)) return { relation: 'equal', looser: 0, tighter: 0 };
  const { diagram } = policy;
  const own = passing(diagram, policy.root, native);
  const others = passing(diagram, adopt(diagram, other), native);
  const isLooser = difference(diagram, own, others) !== Diagram.FALSE;
  const isTighter = difference(diagram, others, own) !== Diagram.FALSE;
  const relation = isLooser === isTighter ? 'other' : isLooser ? 'looser' : 'tighter';
  let [looser, tighter] = [0, 0];
  const { auditArch } = abiOf(native);
  for (const [, nr] of callsOf(native)) {
    const [mine, theirs] = [own, others].map((set) => restrict(diagram, set, auditArch, nr));
    if (difference(diagram, mine, theirs) !== Diagram.FALSE) looser++;
    if (difference(diagram, theirs, mine) !== Diagram.FALSE) tighter++;
  }
  return { relation, looser, tighter };
}

/** The calls of a machine that are executed. */
function passing(diagram: Diagram, root: NodeId, native: AbiName): NodeId {
  const { auditArch, subAbis } = abiOf(native);
  const arches = new Set([auditArch, ...subAbis.map((name) => abiOf(name).auditArch)]);
  const own = [...arches].reduce<NodeId>(
    (set, arch) => diagram.or(set, diagram.equals(ARCH, arch)),
    Diagram.FALSE,
  );
  return diagram.and(
    own,
    callsWhere(diagram, root, (word) => executes(actionOfWord(word).kind)),
  );
}
