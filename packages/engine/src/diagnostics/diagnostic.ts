import type { DiagnosticCode } from './codes.ts';
import type { Span } from './span.ts';

/** error: the input has no meaning; warning: it means something else than it seems to; note: worth knowing. */
export type Severity = 'error' | 'warning' | 'note';

/** Where a fault is; without a file in the text that was read. */
export interface Place extends Span {
  readonly file?: string;
}

/** What to do about a fault. */
export type Remedy =
  | { readonly kind: 'advice'; readonly text: string }
  /** Another word was meant. */
  | { readonly kind: 'did-you-mean'; readonly word: string }
  /** Names that no table has can be skipped, as runtimes do: ParseOptions.unknownNames. */
  | { readonly kind: 'skip-unknown-names' }
  /** Several profiles are there, and one has to be named: ParseOptions.part. */
  | { readonly kind: 'choose-part'; readonly parts: readonly string[] }
  /** The document says what runs, and names a profile that stands elsewhere. */
  | { readonly kind: 'read-named' };

/** One fault, with the place of what is wrong. */
export interface Diagnostic {
  readonly code: DiagnosticCode;
  readonly severity: Severity;
  readonly message: string;
  readonly place: Place;
  readonly remedy?: Remedy;
  /** Another place that explains this one, such as the rule that wins. */
  readonly related?: Place;
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

/** An error at that place; a text as remedy is advice. */
export function error(
  code: DiagnosticCode,
  message: string,
  place: Place,
  remedy?: Remedy | string,
): Diagnostic {
  return { code, severity: 'error', message, place, ...remedied(remedy) };
}

/** A warning at that place. */
export function warning(
  code: DiagnosticCode,
  message: string,
  place: Place,
  remedy?: Remedy | string,
): Diagnostic {
  return { code, severity: 'warning', message, place, ...remedied(remedy) };
}

/** The remedy of a word that was misspelt, if it is known what was meant. */
export function didYouMean(word: string | undefined): Remedy | undefined {
  return word === undefined ? undefined : { kind: 'did-you-mean', word };
}

/** A remedy in plain words. */
export function advice(text: string): Remedy {
  return { kind: 'advice', text };
}

function remedied(remedy: Remedy | string | undefined): Pick<Diagnostic, 'remedy'> {
  if (remedy === undefined) return {};
  return { remedy: typeof remedy === 'string' ? advice(remedy) : remedy };
}
