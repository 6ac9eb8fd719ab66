import { plain } from '../finding-formats/markdown-text.ts';
import type { CheckOutcome } from '../test-report.ts';
import { type TestFormat, testSummary } from './test-format.ts';

const MOST_ROWS = 200;
const MARK: Readonly<Record<CheckOutcome['state'], string>> = { passed: '✅', failed: '❌', 'not run': '⏸️' };

/** A heading and a table, as a comment on a pull request of GitHub or GitLab. */
export const markdown: TestFormat = {
  id: 'markdown',
  about: 'a comment on a pull request',
  write(report) {
    const { checks, profile, engine, startFailure, standIn } = report;
    const more = checks.length - MOST_ROWS;
    const foreseen = startFailure?.predicted;
    return [
      `### callgate test: ${testSummary(report)}`,
      '',
      `${plain(profile)} on ${plain(engine)}${standIn === undefined ? '' : ` (${plain(standIn)})`}`,
      ...(foreseen === undefined ? [] : ['', `Nothing starts, as was to be foreseen: ${plain(foreseen)}`]),
      '',
      '| | check | under the profile | without it | |',
      '| --- | --- | --- | --- | --- |',
      ...checks.slice(0, MOST_ROWS).map(row),
      ...(more > 0 ? ['', `and ${more} more`] : []),
      '',
    ].join('\n');
  },
};

function row({ state, name, confined, control = '', why }: CheckOutcome): string {
  const cells = [MARK[state], ...[name, confined, control, why].map(plain)];
  return `| ${cells.join(' | ')} |`;
}
