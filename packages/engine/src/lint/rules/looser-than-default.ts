import { executes } from '../../bpf/action.ts';
import { advice } from '../../diagnostics/diagnostic.ts';
import { listed } from '../listed.ts';
import { looserCalls } from '../looser-calls.ts';
import type { PolicyRule } from '../policy-rule.ts';

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
    const more = looserCalls(judged, usual);
    if (more.size === 0) return;
    const told = [...more.keys()];
    const [first] = told;
    const witness = judged.witness(native, first, more.get(first)!);
    yield {
      message: `looser than ${usual.name}'s default in ${told.length === 1 ? 'one call' : `${told.length} calls`}: ${listed(told)}`,
      calls: told,
      identity: usual.name,
      place: judged.placeOf(judged.verdict(native, first, witness.args).origin),
      witness,
      fix: advice(`callgate diff stock:${usual.name} PROFILE shows each, and with which arguments`),
    };
  },
};
