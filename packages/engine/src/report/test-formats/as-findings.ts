import { lineMap } from '../../source/line-map.ts';
import type { FindingFormat, LintReport, ReportSubject } from '../finding-formats/finding-format.ts';
import type { LocatedFinding } from '../findings.ts';
import type { CheckOutcome, TestReport } from '../test-report.ts';
import { type TestFormat, type TestWriting, testSummary } from './test-format.ts';

const SUBJECT: ReportSubject = {
  verb: 'test',
  unit: 'profile',
  aboutCode: (code) => ABOUT[code as keyof typeof ABOUT],
};

/** What stands behind a check that has not passed. */
const ABOUT = {
  'does-not-start': 'Under the profile nothing starts, so nothing else could be checked.',
  'does-not-work': 'What must work does not work under the profile.',
  'not-denied': 'What must not work gets through, or is stopped by something else than the profile.',
  'not-run': 'The check could not be made, so nothing is known.',
} as const;

/** A format of findings, which has each check that has not passed at its place in the spec. */
export function asFindings(format: FindingFormat): TestFormat {
  const { id, about } = format;
  return {
    id,
    about,
    write: (report, writing) =>
      format.write(findingsReport(report, writing), { tool: writing.tool, all: true }),
  };
}

function findingsReport(report: TestReport, { spec }: TestWriting): LintReport {
  const file = spec?.name ?? report.profile;
  const positionOf = lineMap(spec?.text ?? '');
  const findings = report.checks
    .filter(({ state }) => state !== 'passed')
    .map((check): LocatedFinding => {
      const from = positionOf(Math.max(0, check.place?.start ?? 0));
      const to = positionOf(Math.max(0, check.place?.end ?? 0));
      return {
        code: codeOf(check, report),
        severity: check.state === 'failed' ? 'high' : 'medium',
        message: `${check.name}: ${check.why}`,
        file,
        line: from.line,
        column: from.column,
        endLine: to.line,
        endColumn: to.column,
      };
    });
  return { findings, diagnostics: [], profiles: [file], verdict: testSummary(report), subject: SUBJECT };
}

function codeOf(check: CheckOutcome, { startFailure, checks }: TestReport): keyof typeof ABOUT {
  if (check.state === 'not run') return 'not-run';
  if (startFailure && check === checks[0]) return 'does-not-start';
  return check.kind === 'function' ? 'does-not-work' : 'not-denied';
}
