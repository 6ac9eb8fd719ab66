import { advice } from '../../diagnostics/diagnostic.ts';
import type { PolicyRule } from '../policy-rule.ts';

/** KEP-6061, as the runtimes that take such artifacts have it by default. */
const MOST_ENTRIES = 128;

/** What a node takes from a file it may not take from a registry. */
export const artifactRefused: PolicyRule = {
  code: 'artifact-refused',
  severity: 'info',
  about:
    'Kubernetes is to take profiles from OCI artifacts, too (KEP-6061). Runtimes refuse one there that has more than 128 entries under syscalls, or leaves calls to a supervisor. As a file it is taken.',
  *find({ profile }) {
    const { rules, listenerPath } = profile;
    const asking = rules.find(({ action }) => action.value === 'NOTIFY');
    const reasons = [
      ...(rules.length > MOST_ENTRIES
        ? [`it has ${rules.length} entries under syscalls, of ${MOST_ENTRIES}`]
        : []),
      ...(asking || listenerPath?.value ? ['it leaves calls to a supervisor'] : []),
    ];
    if (reasons.length === 0) return;
    yield {
      message: `as an OCI artifact it is refused: ${reasons.join(', and ')}`,
      place:
        (rules.length > MOST_ENTRIES ? rules[MOST_ENTRIES] : asking)?.action.span ??
        profile.defaultAction.span,
      fix: advice('put calls that have the same action into one entry; or install the profile as a file'),
    };
  },
};
