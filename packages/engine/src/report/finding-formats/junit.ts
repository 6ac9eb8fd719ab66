import { escaped } from '../html/document.ts';
import { byProfile } from './by-profile.ts';
import { type FindingFormat, PROFILES } from './finding-format.ts';
import { type Issue, issueLines } from './issue.ts';

/** XML as JUnit writes it: a suite for each profile, a failed test for each finding, one that passes where there is none. */
export const junit: FindingFormat = {
  id: 'junit',
  about: 'XML that Jenkins and others read',
  write(report) {
    const suites = [...byProfile(report)];
    const issues = suites.flatMap(([, mine]) => mine);
    return [
      '<?xml version="1.0" encoding="UTF-8"?>',
      `<testsuites name="callgate ${(report.subject ?? PROFILES).verb}"${counts(
        suites.reduce((sum, [, mine]) => sum + tests(mine), 0),
        issues,
      )}>`,
      ...suites.map(([profile, mine]) => suite(profile, mine)),
      '</testsuites>\n',
    ].join('\n');
  },
};

function suite(profile: string, issues: readonly Issue[]): string {
  const cases =
    issues.length > 0
      ? issues.map(testCase)
      : [`<testcase classname="${xml(profile)}" name="nothing found"/>`];
  return [
    `  <testsuite name="${xml(profile)}"${counts(tests(issues), issues)}>`,
    ...cases.map((test) => `    ${test}`),
    '  </testsuite>',
  ].join('\n');
}

/** Each issue is a test, and their absence is one. */
function tests(issues: readonly Issue[]): number {
  return Math.max(1, issues.length);
}

function counts(all: number, issues: readonly Issue[]): string {
  const errors = issues.filter(({ kind }) => kind === 'fault').length;
  const failures = issues.filter(({ kind, severity }) => kind === 'finding' && severity !== 'info').length;
  return ` tests="${all}" failures="${failures}" errors="${errors}"`;
}

function testCase(issue: Issue): string {
  const { code, profile, line, column, message } = issue;
  const name = `${line}:${column} ${message} [${code}]`;
  return `<testcase classname="${xml(profile)}" name="${xml(name)}">${outcome(issue)}</testcase>`;
}

function outcome(issue: Issue): string {
  const { kind, code, severity, file, line, column, message } = issue;
  const said = xml(`${file}:${line}:${column}: ${severity}: ${issueLines(issue).join('\n')}`);
  if (severity === 'info') return `<system-out>${said}</system-out>`;
  const element = kind === 'fault' ? 'error' : 'failure';
  return `<${element} type="${xml(code)}" message="${xml(message)}">${said}</${element}>`;
}

/** Text in elements and attributes of XML. */
function xml(text: string): string {
  return text.split('\n').map(escaped).join('\n');
}
