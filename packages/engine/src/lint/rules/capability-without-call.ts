import { advice } from '../../diagnostics/diagnostic.ts';
import { callsAsking, needsCapability } from '../capability-checks.ts';
import type { Judged } from '../judged.ts';
import { listed } from '../listed.ts';
import type { PolicyRule } from '../policy-rule.ts';

/** A capability is given, and the calls that need it are not. */
export const capabilityWithoutCall: PolicyRule = {
  code: 'capability-without-call',
  severity: 'low',
  about:
    'The container has a capability (--caps), and the profile denies every call that always needs it. The capability may be more than the container needs.',
  *find(judged) {
    const { native, target } = judged;
    const idle = target.capabilities
      .map((capability) => ({ capability, calls: deniedCalls(judged, capability) }))
      .filter(({ calls }) => calls.length > 0);
    if (idle.length === 0) return;
    const [{ calls }] = idle;
    const witness = judged.witness(native, calls[0]);
    const words = idle.map(({ capability, calls: denied }) => `${capability} (${listed(denied)})`);
    yield {
      message: `the container has capabilities, and the calls that always need them do not pass: ${listed(words)}`,
      place: judged.placeOf(judged.verdict(native, calls[0], witness.args).origin),
      witness,
      fix: advice('drop the capability, or allow what it was given for'),
    };
  },
};

/** The calls that always need a capability, where these and all others that are known to ask for it are denied. */
function deniedCalls(judged: Judged, capability: string): string[] {
  const { native } = judged;
  const asking = callsAsking(capability).filter(
    (name) => judged.decision(native, name) !== undefined && judged.isInKernel(name),
  );
  if (asking.some((name) => judged.passes(native, name) !== 'never')) return [];
  return asking.filter((name) => needsCapability(name) === capability);
}
