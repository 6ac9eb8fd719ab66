import { writeJson } from '../../source/write-json.ts';
import { filePath } from './file-address.ts';
import type { FindingFormat } from './finding-format.ts';
import { fingerprints } from './fingerprints.ts';
import { type Issue, issueLines, issuesOf } from './issue.ts';

/** The report that GitLab shows as Code Quality. See docs.gitlab.com/ci/testing/code_quality. */
export const gitlab: FindingFormat = {
  id: 'gitlab',
  about: 'Code Quality of GitLab',
  write(report) {
    const issues = issuesOf(report);
    const known = fingerprints(issues);
    const entries = issues.map((issue, i) => ({
      description: issueLines(issue).join('; '),
      check_name: issue.code,
      fingerprint: known[i],
      severity: SEVERITIES[issue.severity],
      location: { path: filePath(issue.file) ?? issue.file, lines: lines(issue) },
    }));
    return `${writeJson(entries)}\n`;
  },
};

const SEVERITIES: Readonly<Record<Issue['severity'], string>> = {
  error: 'blocker',
  warning: 'minor',
  note: 'info',
  critical: 'blocker',
  high: 'critical',
  medium: 'major',
  low: 'minor',
  info: 'info',
};

function lines({ line, endLine }: Issue): object {
  return { begin: line, ...(endLine !== undefined && { end: endLine }) };
}
