import { advice } from '../../diagnostics/diagnostic.ts';
import { crowdedCall, MOST_ENTRIES_IN_ARTIFACT } from '../../profile/crowded-call.ts';
import type { PolicyRule } from '../policy-rule.ts';

/** What a node takes from a file it may not take from a registry. */
export const artifactRefused: PolicyRule = {
  code: 'artifact-refused',
  severity: 'info',
  about:
    'Kubernetes is to take profiles from OCI artifacts, too (KEP-6061). Runtimes refuse one there that names a call in more than 128 entries under syscalls, or leaves calls to a supervisor. As a file it is taken.',
  *find({ profile }) {
    const { rules, listenerPath } = profile;
    const asking = rules.find(({ action }) => action.value === 'NOTIFY');
    const crowded = crowdedCall(rules);
    const reasons = [
      ...(crowded ? [`it names this call in more than ${MOST_ENTRIES_IN_ARTIFACT} entries`] : []),
      ...(asking || listenerPath?.value ? ['it leaves calls to a supervisor'] : []),
    ];
    if (reasons.length === 0) return;
    yield {
      message: `as an OCI artifact it is refused: ${reasons.join(', and ')}`,
      place: crowded?.span ?? asking?.action.span ?? profile.defaultAction.span,
      fix: advice(
        'put entries of a call that have the same action into one; or install the profile as a file',
      ),
    };
  },
};
