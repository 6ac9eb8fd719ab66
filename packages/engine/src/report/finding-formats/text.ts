import { findingText, type LocatedFinding } from '../findings.ts';
import { PLAIN } from '../style.ts';
import type { FindingFormat } from './finding-format.ts';
import { summary } from './summary.ts';

/** Nobody reads more. */
const MOST = 500;

/** A few lines for each finding, and a line that sums up. */
export const text: FindingFormat = {
  id: 'text',
  about: 'for people',
  write(report, { style = PLAIN, all, allBy }) {
    const { findings, profiles } = report;
    const shown = findings.filter(({ severity }) => all || severity !== 'info');
    const hidden = findings.length - shown.length;
    const told = withoutFloods(shown)
      .slice(0, MOST)
      .map((entry) => (typeof entry === 'string' ? entry : findingText(style, entry)));
    if (told.length === MOST) told.push('… json has all of them\n');
    const lines = told.join('');
    if (profiles.length === 0) return lines;
    const rest = `; ${hidden} worth knowing${allBy === undefined ? '' : ` with ${allBy}`}`;
    return `${lines}${summary(report)}${hidden > 0 ? rest : ''}\n`;
  },
};

/** So many findings of a code are told of a profile; the others of it are counted, in the place of the next. */
const MOST_OF_CODE = 10;

function withoutFloods(findings: readonly LocatedFinding[]): (LocatedFinding | string)[] {
  const counts = new Map<string, number>();
  const keyOf = ({ file, code }: LocatedFinding) => `${file} ${code}`;
  for (const finding of findings) counts.set(keyOf(finding), (counts.get(keyOf(finding)) ?? 0) + 1);
  const told = new Map<string, number>();
  return findings.flatMap((finding): (LocatedFinding | string)[] => {
    const before = told.get(keyOf(finding)) ?? 0;
    told.set(keyOf(finding), before + 1);
    if (before < MOST_OF_CODE) return [finding];
    const more = counts.get(keyOf(finding))! - MOST_OF_CODE;
    return before === MOST_OF_CODE
      ? [`${finding.file}: … and ${more} more of this kind [${finding.code}]\n`]
      : [];
  });
}
