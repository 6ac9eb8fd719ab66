import { findingText } from '../findings.ts';
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
    const told = shown.slice(0, MOST).map((finding) => findingText(style, finding));
    if (shown.length > MOST) told.push(`… and ${shown.length - MOST} more; json has all of them\n`);
    const lines = told.join('');
    if (profiles.length === 0) return lines;
    const rest = `; ${hidden} worth knowing${allBy === undefined ? '' : ` with ${allBy}`}`;
    return `${lines}${summary(report)}${hidden > 0 ? rest : ''}\n`;
  },
};
