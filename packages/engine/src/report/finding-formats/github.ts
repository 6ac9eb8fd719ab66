import { filePath } from './file-address.ts';
import type { FindingFormat } from './finding-format.ts';
import { type Issue, issueLines, LEVELS, shownIssues } from './issue.ts';
import { summary } from './summary.ts';

/**
 * Workflow commands of GitHub Actions, which show each finding beside its line of a pull request; the worst first, because
 * GitHub shows few of them. See actions/toolkit, packages/core/src/command.ts.
 */
export const github: FindingFormat = {
  id: 'github',
  about: 'annotations of GitHub Actions',
  write(report, { all }) {
    const commands = shownIssues(report, all).map(command);
    const lines = report.profiles.length > 0 ? [...commands, summary(report)] : commands;
    return lines.map((line) => `${line}\n`).join('');
  },
};

const COMMANDS = { error: 'error', warning: 'warning', note: 'notice' } as const;

function command(issue: Issue): string {
  const path = filePath(issue.file);
  const place = path === undefined ? {} : { file: path, ...region(issue) };
  const properties = Object.entries({ ...place, title: `callgate ${issue.code}` }).map(
    ([name, value]) => `${name}=${property(String(value))}`,
  );
  // Without a file, or where it holds several profiles, only the name says which profile is meant.
  const prefix = path !== undefined && issue.file === issue.profile ? '' : `${issue.profile}: `;
  const message = data(`${prefix}${issueLines(issue).join('\n')}`);
  return `::${COMMANDS[LEVELS[issue.severity]]} ${properties.join(',')}::${message}`;
}

/** GitHub takes columns only where the first line is the last, too. */
function region({ line, column, endLine, endColumn }: Issue): object {
  if (endLine === undefined) return { line, col: column };
  return endLine === line ? { line, endLine, col: column, endColumn } : { line, endLine };
}

function data(text: string): string {
  return text.replace(/[%\r\n]/g, percent);
}

function property(text: string): string {
  return text.replace(/[%\r\n:,]/g, percent);
}

function percent(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}
