import { actionOfWord, executes } from '../bpf/action.ts';
import { type CallSet, callsWhere, difference } from '../diagram/call-set.ts';
import { adopt } from '../diagram/decision.ts';
import { Diagram } from '../diagram/diagram.ts';
import { restrict } from '../diagram/restrict.ts';
import type { Policy } from '../policy/policy.ts';
import { callsOf } from '../syscalls/lookup.ts';
import { notable } from '../syscalls/notable.ts';
import type { Judged, Usual } from './judged.ts';

/** The calls of the machine's own ABI that pass here and not by default, and with which arguments; what an attacker likes comes first. */
export function looserCalls(judged: Judged, usual: Usual): Map<string, CallSet> {
  const all = callsOf(judged.native.name).map(([name, nr]): [string, CallSet] => [
    name,
    moreThan(judged, usual, name, nr),
  ]);
  const looser = all.filter(([, set]) => set !== Diagram.FALSE);
  const isLiked = ([name]: [string, CallSet]) => notable(name) !== undefined;
  return new Map([...looser.filter(isLiked), ...looser.filter((call) => !isLiked(call))]);
}

/** The arguments with which a call passes here and not by default. */
function moreThan(judged: Judged, { policy }: Usual, name: string, nr: number): CallSet {
  const own = judged.passing(judged.native, name)!;
  if (own === Diagram.FALSE) return own;
  const usual = usuallyPassing(policy, judged.native.auditArch, nr);
  if (usual === Diagram.TRUE) return Diagram.FALSE;
  const { diagram } = judged.policy;
  return difference(diagram, own, adopt(diagram, { diagram: policy.diagram, root: usual }));
}

/** Of each default, which is asked for every profile anew. */
const KNOWN = new WeakMap<Policy, Map<string, CallSet>>();

/** The arguments with which a call passes by default, in the default's own diagram. */
function usuallyPassing(policy: Policy, arch: number, nr: number): CallSet {
  const known = KNOWN.get(policy) ?? new Map<string, CallSet>();
  KNOWN.set(policy, known);
  const key = `${arch} ${nr}`;
  const set =
    known.get(key) ??
    callsWhere(policy.diagram, restrict(policy.diagram, policy.root, arch, nr), (word) =>
      executes(actionOfWord(word).kind),
    );
  known.set(key, set);
  return set;
}
