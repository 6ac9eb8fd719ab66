import { actionOfWord, executes } from '../../bpf/action.ts';
import { advice } from '../../diagnostics/diagnostic.ts';
import { type CallSet, callsWhere, difference } from '../../diagram/call-set.ts';
import { adopt } from '../../diagram/decision.ts';
import { Diagram } from '../../diagram/diagram.ts';
import { restrict } from '../../diagram/restrict.ts';
import type { Policy } from '../../policy/policy.ts';
import { callsOf } from '../../syscalls/lookup.ts';
import { notable } from '../../syscalls/notable.ts';
import type { Judged, Usual } from '../judged.ts';
import type { PolicyRule } from '../policy-rule.ts';

const MOST_NAMED = 8;

/** A profile of one's own lets more pass than none would. */
export const looserThanDefault: PolicyRule = {
  code: 'looser-than-default',
  severity: 'medium',
  about:
    'The profile lets calls pass that the default of the runtime does not. A container that names this profile has more of the kernel than one that names none.',
  *find(judged) {
    const { native, usual } = judged;
    // Where every call passes by default there is another finding.
    if (!usual || executes(judged.unnamed.verdict.action)) return;
    const more = new Map(
      callsOf(native.name)
        .map(([name, nr]): [string, CallSet] => [name, moreThan(judged, usual, name, nr)])
        .filter(([, set]) => set !== Diagram.FALSE),
    );
    if (more.size === 0) return;
    const looser = [...more.keys()];
    const liked = looser.filter((name) => notable(name) !== undefined);
    const told = [...liked, ...looser.filter((name) => !liked.includes(name))];
    const [first] = told;
    const witness = judged.witness(native, first, more.get(first)!);
    const others = told.length > MOST_NAMED ? ` and ${told.length - MOST_NAMED} more` : '';
    yield {
      message: `looser than ${usual.name}'s default in ${told.length === 1 ? 'one call' : `${told.length} calls`}: ${told.slice(0, MOST_NAMED).join(', ')}${others}`,
      identity: usual.name,
      place: judged.placeOf(judged.verdict(native, first, witness.args).origin),
      witness,
      fix: advice(`callgate diff stock:${usual.name} PROFILE shows each, and with which arguments`),
    };
  },
};

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
