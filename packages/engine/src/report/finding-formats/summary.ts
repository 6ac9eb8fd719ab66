import { FINDING_SEVERITIES } from '../../lint/finding.ts';
import { plural } from '../words.ts';
import { type LintReport, PROFILES } from './finding-format.ts';

/**
 * How many findings there are of each severity but info, and in how many profiles: 1 critical, 2 low in 3 profiles. For a
 * change it is the verdict.
 */
export function summary({
  findings,
  suppressed = [],
  profiles,
  verdict,
  subject = PROFILES,
}: LintReport): string {
  if (verdict !== undefined) return verdict;
  const counts = FINDING_SEVERITIES.flatMap((severity) => {
    const count = findings.filter((finding) => finding.severity === severity).length;
    return count > 0 && severity !== 'info' ? [`${count} ${severity}`] : [];
  });
  const found = counts.length > 0 ? counts.join(', ') : 'nothing found';
  const borne = suppressed.length > 0 ? `, ${suppressed.length} suppressed` : '';
  return `${found}${borne} in ${plural(profiles.length, subject.unit)}`;
}
