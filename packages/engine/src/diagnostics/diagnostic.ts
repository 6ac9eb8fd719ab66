import type { DiagnosticCode } from './codes.ts';
import type { Span } from './span.ts';

/** error: the input has no meaning; warning: it means something else than it seems to; note: worth knowing. */
export type Severity = 'error' | 'warning' | 'note';

/** One fault, with the offsets of what is wrong. */
export interface Diagnostic {
  readonly code: DiagnosticCode;
  readonly severity: Severity;
  readonly message: string;
  readonly span: Span;
  /** What to do about it. */
  readonly hint?: string;
  /** Another place that explains this one, such as the rule that wins. */
  readonly related?: Span;
}

/** A result that may come with faults; `value` is there unless an error made it impossible. */
export interface Result<T> {
  readonly value?: T;
  readonly diagnostics: readonly Diagnostic[];
}

/** Whether any of them makes the input meaningless. */
export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some((d) => d.severity === 'error');
}

/** An error at that place. */
export function error(code: DiagnosticCode, message: string, span: Span, hint?: string): Diagnostic {
  return { code, severity: 'error', message, span, ...(hint === undefined ? {} : { hint }) };
}

/** A warning at that place. */
export function warning(
  code: DiagnosticCode,
  message: string,
  span: Span,
  more: { hint?: string; related?: Span } = {},
): Diagnostic {
  return { code, severity: 'warning', message, span, ...more };
}
