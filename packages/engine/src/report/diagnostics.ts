import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { lineMap } from '../source/line-map.ts';

/** A diagnostic where people look for it. */
export interface LocatedDiagnostic {
  readonly code: string;
  readonly severity: Diagnostic['severity'];
  readonly message: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly hint?: string;
}

/** Diagnostics of one file with lines and columns, in the order of the text. */
export function locate(diagnostics: readonly Diagnostic[], file: string, text: string): LocatedDiagnostic[] {
  const positionOf = lineMap(text);
  return diagnostics
    .toSorted((a, b) => a.span.start - b.span.start)
    .map((d) => {
      const { line, column } = positionOf(Math.max(0, d.span.start));
      const related = d.related && positionOf(d.related.start);
      const message = related ? `${d.message} (see line ${related.line})` : d.message;
      return { code: d.code, severity: d.severity, message, file, line, column, hint: d.hint };
    });
}

/** One line: where, what, what to do, and the code to look up. */
export function formatDiagnostic(d: LocatedDiagnostic): string {
  const hint = d.hint === undefined ? '' : `; ${d.hint}`;
  return `${d.file}:${d.line}:${d.column}: ${d.severity}: ${d.message}${hint} [${d.code}]`;
}
