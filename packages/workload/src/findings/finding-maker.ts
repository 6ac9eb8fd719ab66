import { advice } from '@callgate/engine/internal/diagnostics/diagnostic';
import type { Span } from '@callgate/engine/internal/diagnostics/span';
import type { Finding, FindingSeverity } from '@callgate/engine/internal/lint/finding';
import { type LocatedFinding, locateFindings } from '@callgate/engine/internal/report/findings';
import { escapedCharacter, replaceUnprintable } from '@callgate/engine/internal/source/unprintable';
import { type AuditCode, RELATED } from './codes.ts';

/** Something that is found in a document. */
export interface Found {
  readonly code: AuditCode;
  readonly severity: FindingSeverity;
  readonly message: string;
  readonly span: Span;
  readonly fix?: string;
}

/** A message has at most so many characters. */
const LONGEST = 1500;

/** Findings of a document of a file, of which so many lines come before it. */
export function locate(
  found: readonly Found[],
  file: string,
  text: string,
  linesBefore: number,
): LocatedFinding[] {
  const findings = found.map(({ code, severity, message, span, fix }): Finding => {
    const about = { code, severity, message: readable(message), place: span };
    return fix === undefined ? about : { ...about, fix: advice(readable(fix)) };
  });
  return locateFindings(findings, file, text).map((finding) => ({
    ...finding,
    line: finding.line + linesBefore,
    endLine: finding.endLine + linesBefore,
    ...relatedTo(finding.code),
  }));
}

/** A finding at a place that was looked up before. */
export function placed(
  { code, severity, message, fix }: Omit<Found, 'span'>,
  at: Pick<LocatedFinding, 'file' | 'line' | 'column'>,
): LocatedFinding {
  const said = {
    code,
    severity,
    message: readable(message),
    ...(fix !== undefined && { fix: readable(fix) }),
  };
  return { ...said, ...at, endLine: at.line, endColumn: at.column + 1, ...relatedTo(code) };
}

/** What other auditors call it. */
function relatedTo(code: string): Pick<LocatedFinding, 'related'> {
  const related = (RELATED as Readonly<Record<string, readonly string[] | undefined>>)[code];
  return related ? { related } : {};
}

/** Texts from outside are in it, in quotes or not. */
function readable(text: string): string {
  const escaped = replaceUnprintable(text.slice(0, LONGEST), escapedCharacter);
  return text.length > LONGEST ? `${escaped}…` : escaped;
}
