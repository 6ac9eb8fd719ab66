import type { Severity } from '../../diagnostics/diagnostic.ts';
import { FINDING_SEVERITIES, type FindingSeverity } from '../../lint/finding.ts';
import { escapedCharacter, replaceUnprintable } from '../../source/unprintable.ts';
import type { LocatedDiagnostic } from '../diagnostics.ts';
import { type LocatedFinding, type TextReplacement, witnessText } from '../findings.ts';
import type { LintReport } from './finding-format.ts';

/** A finding, or a fault for which a profile could not be judged. Its texts hold no line ends and nothing invisible. */
export interface Issue {
  readonly kind: 'finding' | 'fault';
  readonly code: string;
  readonly severity: FindingSeverity | Severity;
  readonly message: string;
  /** The call that shows it, in words. */
  readonly call?: string;
  readonly fix?: string;
  /** The profile's name. */
  readonly profile: string;
  /** The file that the profile is in. */
  readonly file: string;
  /** All from 1, columns in UTF-16 units; the end is the first place after it. */
  readonly line: number;
  readonly column: number;
  readonly endLine?: number;
  readonly endColumn?: number;
  /** How the text is changed so that it goes. */
  readonly edit?: TextReplacement;
}

/** How bad an issue is for tools that know three degrees. */
export const LEVELS = {
  error: 'error',
  warning: 'warning',
  note: 'note',
  critical: 'error',
  high: 'error',
  medium: 'warning',
  low: 'note',
  info: 'note',
} as const satisfies Readonly<Record<Issue['severity'], Severity>>;

/** Everything of a report: the faults, then the findings, in their order. */
export function issuesOf({ diagnostics, findings }: LintReport): Issue[] {
  return [...diagnostics.map(faultIssue), ...findings.map(findingIssue)];
}

/** What people are shown: the worst of all profiles first, and what is only worth knowing where they want it. */
export function shownIssues(report: LintReport, all = false): Issue[] {
  const rank = ({ kind, severity }: Issue) =>
    kind === 'fault' ? -1 : FINDING_SEVERITIES.indexOf(severity as FindingSeverity);
  return issuesOf(report)
    .filter(({ severity }) => all || severity !== 'info')
    .sort((a, b) => rank(a) - rank(b));
}

/** What it says, the call that shows it, and what to do, each on a line. */
export function issueLines({ message, call, fix }: Issue): string[] {
  return [
    message,
    ...(call === undefined ? [] : [`call: ${call}`]),
    ...(fix === undefined ? [] : [`fix: ${fix}`]),
  ];
}

function findingIssue(finding: LocatedFinding): Issue {
  const { severity, line, column, endLine, endColumn, witness, edit } = finding;
  return {
    ...{ kind: 'finding', severity, line, column, endLine, endColumn },
    ...named(finding, finding.path, finding.fix),
    ...(edit && { edit }),
    ...(witness && { call: visible(witnessText(witness)) }),
  };
}

function faultIssue(fault: LocatedDiagnostic): Issue {
  const { severity, line, column } = fault;
  return { kind: 'fault', severity, line, column, ...named(fault, undefined, fault.remedy) };
}

function named(
  { code, message, file }: LocatedFinding | LocatedDiagnostic,
  path: string | undefined,
  fix: string | undefined,
): Pick<Issue, 'code' | 'message' | 'profile' | 'file' | 'fix'> {
  return {
    code: visible(code),
    message: visible(message),
    profile: visible(file),
    file: visible(path ?? file),
    ...(fix !== undefined && { fix: visible(fix) }),
  };
}

/** Text from outside as issues have it. */
export function visible(text: string): string {
  return replaceUnprintable(text, escapedCharacter);
}
