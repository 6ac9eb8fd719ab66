import { executes } from '../../bpf/action.ts';
import { advice } from '../../diagnostics/diagnostic.ts';
import { listed } from '../listed.ts';
import { allowing } from '../mends.ts';
import type { PolicyRule } from '../policy-rule.ts';

const STEPS = ['landlock_create_ruleset', 'landlock_add_rule', 'landlock_restrict_self'];

/** Landlock only takes rights away, and takes three calls. */
export const landlockDenied: PolicyRule = {
  code: 'landlock-denied',
  severity: 'low',
  about:
    'Programs confine themselves with Landlock in three calls. The profile lets some of them pass and not the others, or denies them beside a default that allows, so that programs cannot confine themselves.',
  *find(judged) {
    const { native } = judged;
    const steps = STEPS.filter(
      (name) => judged.decision(native, name) !== undefined && judged.isInKernel(name),
    );
    const denied = steps.filter((name) => judged.passes(native, name) === 'never');
    if (denied.length === 0) return;
    // Where all three are denied by default nobody thought of them.
    if (denied.length === steps.length && !executes(judged.byDefault.kind)) return;
    const [first] = denied;
    const witness = judged.witness(native, first);
    yield {
      message: `programs cannot confine themselves with Landlock: ${listed(denied)} ${denied.length === 1 ? 'does' : 'do'} not pass`,
      place: judged.placeOf(judged.verdict(native, first, witness.args).origin),
      witness,
      fix: advice(`allow ${STEPS.join(', ')}: they only take rights away from whoever calls them`),
      ...allowing(judged, denied),
    };
  },
};
