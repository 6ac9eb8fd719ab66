import type { DiagnosticCode } from '../diagnostics/codes.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { mendOf } from './diagnostic-mends.ts';
import { FINDING_SEVERITIES, type Finding, type FindingSeverity } from './finding.ts';
import type { Judged } from './judged.ts';
import { POLICY_RULES } from './policy-rules.ts';

/** How much a diagnostic matters as a finding. */
const SEVERITY_OF: Readonly<Record<Diagnostic['severity'], FindingSeverity>> = {
  error: 'critical',
  warning: 'medium',
  note: 'info',
};
/** Those that matter more, or less: what is denied there passes; the rule says what holds without it. */
const SEVERITY_OF_CODE: Partial<Record<DiagnosticCode, FindingSeverity>> = {
  'unknown-syscall': 'high',
  'conditions-split': 'high',
  'mask-drops-bits': 'high',
  'mask-empty': 'high',
  'rule-overridden': 'high',
  'errno-ignored': 'low',
  'rule-equals-default': 'low',
};

/** What the rules of lint find in what a profile means. */
export function judge(judged: Judged): Finding[] {
  return POLICY_RULES.flatMap((rule) =>
    [...rule.find(judged)].map((found): Finding => ({ code: rule.code, severity: rule.severity, ...found })),
  );
}

/** What reading or lowering said of a profile, as a finding. */
export function diagnosed(diagnostic: Diagnostic): Finding {
  const { code, severity, message, place, related, remedy } = diagnostic;
  const mend = mendOf(diagnostic);
  return {
    code,
    severity: (severity === 'warning' && SEVERITY_OF_CODE[code]) || SEVERITY_OF[severity],
    message,
    place,
    ...(related && { related }),
    ...(remedy && { fix: remedy }),
    ...(mend && { mend }),
  };
}

/** The worst first, and then in the order of the text. */
export function worstFirst(findings: readonly Finding[]): Finding[] {
  const rank = ({ severity }: Finding) => FINDING_SEVERITIES.indexOf(severity);
  return [...findings].sort((a, b) => rank(a) - rank(b) || a.place.start - b.place.start);
}
