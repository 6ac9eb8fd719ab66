import { actionOfWord, executes } from '../../bpf/action.ts';
import { advice } from '../../diagnostics/diagnostic.ts';
import { callsWhere, difference } from '../../diagram/call-set.ts';
import { adopt } from '../../diagram/decision.ts';
import { Diagram } from '../../diagram/diagram.ts';
import { restrict } from '../../diagram/restrict.ts';
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
    if (!usual || executes(actionOfWord(defaultWord(judged)).kind)) return;
    const names = callsOf(native.name).map(([name]) => name);
    const looser = names.filter((name) => moreThan(judged, usual, name) !== Diagram.FALSE);
    if (looser.length === 0) return;
    const liked = looser.filter((name) => notable(name) !== undefined);
    const told = [...liked, ...looser.filter((name) => !liked.includes(name))];
    const [first] = told;
    const witness = judged.witness(native, first, moreThan(judged, usual, first));
    const more = told.length > MOST_NAMED ? ` and ${told.length - MOST_NAMED} more` : '';
    yield {
      message: `looser than ${usual.name}'s default in ${told.length === 1 ? 'one call' : `${told.length} calls`}: ${told.slice(0, MOST_NAMED).join(', ')}${more}`,
      identity: usual.name,
      place: judged.placeOf(judged.verdict(native, first, witness.args).origin),
      witness,
      fix: advice(`callgate diff stock:${usual.name} PROFILE shows each, and with which arguments`),
    };
  },
};

/** The arguments with which a call passes here and not by default. */
function moreThan(judged: Judged, { policy }: Usual, name: string): number {
  const { native } = judged;
  const { diagram } = judged.policy;
  const [, nr] = callsOf(native.name).find(([known]) => known === name)!;
  const root = restrict(policy.diagram, policy.root, native.auditArch, nr);
  const usual = adopt(diagram, { diagram: policy.diagram, root });
  const passing = callsWhere(diagram, usual, (word) => executes(actionOfWord(word).kind));
  return difference(diagram, judged.passing(native, name)!, passing);
}

/** What a call gets that no table has and no rule names. */
function defaultWord({ policy, native }: Judged): number {
  const nr = callsOf(native.name).at(-1)![1] + 1;
  return policy.diagram.evaluate(policy.root, { arch: native.auditArch, nr, args: [] });
}
