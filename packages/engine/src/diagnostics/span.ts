/** A half-open range of UTF-16 offsets in one source text. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A value together with the place that says it. */
export interface Spanned<T> {
  readonly value: T;
  readonly span: Span;
}

/** The place of something that no text says. */
export const NOWHERE: Span = { start: -1, end: -1 };
