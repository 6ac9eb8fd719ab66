import { FINDING_SEVERITIES, type FindingSeverity } from '../../lint/finding.ts';
import { writeJson } from '../../source/write-json.ts';
import type { TextReplacement } from '../findings.ts';
import { firstSentence } from '../words.ts';
import { fileUri } from './file-address.ts';
import {
  type FindingFormat,
  PROFILES,
  type ReportSubject,
  type SuppressedFinding,
} from './finding-format.ts';
import { fingerprints } from './fingerprints.ts';
import { type Issue, issueLines, issuesOf, LEVELS, visible } from './issue.ts';

/** SARIF 2.1.0, as GitHub's code scanning and many editors read it. See docs.oasis-open.org/sarif/sarif/v2.1.0. */
export const sarif: FindingFormat = {
  id: 'sarif',
  about: 'code scanning',
  write(report, { tool }) {
    const issues = issuesOf(report);
    const findings = issues.filter(({ kind }) => kind === 'finding');
    const faults = issues.filter(({ kind }) => kind === 'fault');
    const { suppressed = [], subject = PROFILES } = report;
    const borne = issuesOf({ ...report, findings: suppressed, diagnostics: [] });
    const all = [...findings, ...borne];
    const rules = rulesOf(all, subject);
    const indexOf = new Map(rules.map(({ id }, index) => [id, index]));
    const known = fingerprints(all);
    const run = {
      tool: { driver: { ...tool, rules } },
      columnKind: 'utf16CodeUnits',
      invocations: [
        { executionSuccessful: faults.length === 0, toolExecutionNotifications: faults.map(notification) },
      ],
      results: all.map((issue, i) => ({
        ruleId: issue.code,
        ruleIndex: indexOf.get(issue.code),
        ...said(issue),
        ...(issue.edit && { fixes: [fixOf(issue, issue.edit)] }),
        partialFingerprints: { 'callgateFinding/v1': known[i] },
        ...(i >= findings.length && { suppressions: [suppression(suppressed[i - findings.length])] }),
      })),
    };
    return `${writeJson({ $schema: SCHEMA, version: '2.1.0', runs: [run] })}\n`;
  },
};

const SCHEMA = 'https://json.schemastore.org/sarif-2.1.0.json';

/** GitHub's score of each severity, from 0 to 10: it calls 9.0 and more critical, 7.0 high, 4.0 medium, the rest low. */
const SCORES: Readonly<Record<FindingSeverity, string>> = {
  critical: '9.5',
  high: '8.0',
  medium: '5.0',
  low: '3.0',
  info: '1.0',
};

/** Every rule that found something, scored by the worst of it. */
function rulesOf(findings: readonly Issue[], { aboutCode }: ReportSubject) {
  const worst = new Map<string, number>();
  for (const { code, severity } of findings) {
    const rank = FINDING_SEVERITIES.indexOf(severity as FindingSeverity);
    worst.set(code, Math.min(worst.get(code) ?? rank, rank));
  }
  return [...worst].map(([id, rank]) => ({
    id,
    shortDescription: { text: firstSentence(aboutCode(id)) },
    fullDescription: { text: aboutCode(id) },
    properties: { tags: ['security'], 'security-severity': SCORES[FINDING_SEVERITIES[rank]] },
  }));
}

function fixOf({ file, fix }: Issue, { text, ...deletedRegion }: TextReplacement): object {
  return {
    ...(fix !== undefined && { description: { text: fix } }),
    artifactChanges: [
      {
        artifactLocation: { uri: fileUri(file) },
        replacements: [{ deletedRegion, insertedContent: { text } }],
      },
    ],
  };
}

function suppression({ suppressed: { reason, until } }: SuppressedFinding): object {
  return { kind: 'external', status: 'accepted', justification: `${visible(reason)} (until ${until})` };
}

function notification(issue: Issue): object {
  return { descriptor: { id: issue.code }, ...said(issue) };
}

/** What results and notifications have in common. */
function said(issue: Issue): object {
  const { file, line, column, endLine, endColumn, severity } = issue;
  const region = { startLine: line, startColumn: column, endLine, endColumn };
  return {
    level: LEVELS[severity],
    message: { text: issueLines(issue).join('\n').replaceAll('](', '] (') },
    locations: [{ physicalLocation: { artifactLocation: { uri: fileUri(file) }, region } }],
  };
}
