import type { FindingFormat } from './finding-format.ts';
import { type Issue, shownIssues } from './issue.ts';
import { plain } from './markdown-text.ts';
import { summary } from './summary.ts';

/** More are counted. */
const MOST_ROWS = 20;

/** A heading, what became of each profile, and a table, as a comment on a pull request of GitHub or GitLab. */
export const markdown: FindingFormat = {
  id: 'markdown',
  about: 'a comment on a pull request',
  write(report, { all }) {
    const issues = shownIssues(report, all);
    const unjudged = report.diagnostics.length > 0 ? '; not everything could be judged' : '';
    const more = issues.length - MOST_ROWS;
    const verb = report.verdict === undefined ? 'lint' : 'gate';
    return [
      `### callgate ${verb}: ${summary(report)}${unjudged}`,
      ...listOf(report.changes ?? []),
      ...(issues.length > 0 ? ['', HEAD, ...issues.slice(0, MOST_ROWS).map(row)] : []),
      ...(more > 0 ? ['', `and ${more} more`] : []),
      '',
    ].join('\n');
  },
};

function listOf(lines: readonly string[]): string[] {
  const more = lines.length - MOST_ROWS;
  const items = [...lines.slice(0, MOST_ROWS).map(plain), ...(more > 0 ? [`and ${more} more`] : [])];
  return items.length > 0 ? ['', ...items.map((item) => `- ${item}`)] : [];
}

const HEAD = '| severity | place | message | fix |\n| --- | --- | --- | --- |';

function row({ severity, profile, line, column, message, code, fix = '' }: Issue): string {
  const place = `<code>${plain(profile)}:${line}:${column}</code>`;
  return `| ${severity} | ${place} | ${plain(message)} (${plain(code)}) | ${plain(fix)} |`;
}
