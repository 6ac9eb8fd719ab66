import type { Diagnostic, Remedy } from '../diagnostics/diagnostic.ts';
import { lineMap } from '../source/line-map.ts';
import type { Style } from './style.ts';
import { printableInPlace } from './words.ts';

/** A diagnostic where people look for it, as it goes into JSON too. */
export interface LocatedDiagnostic {
  readonly code: string;
  readonly severity: Diagnostic['severity'];
  readonly message: string;
  readonly file: string;
  /** Both from 1. */
  readonly line: number;
  readonly column: number;
  readonly remedy?: string;
}

/** How a remedy is put into words; a command line names its own flags. */
export type RemedyWords = (remedy: Remedy) => string;

/** A remedy for those who use the library. */
export const remedyWords: RemedyWords = (remedy) => {
  switch (remedy.kind) {
    case 'advice':
      return remedy.text;
    case 'did-you-mean':
      return `did you mean "${remedy.word}"?`;
    case 'skip-unknown-names':
      return 'runtimes skip it silently; remove it, or have it skipped if it is newer than these tables';
    case 'read-named':
      return 'read that file itself';
    case 'choose-part':
      return 'say which one is meant';
  }
};

/** Diagnostics of one file with lines and columns, in the order of the text. */
export function locate(
  diagnostics: readonly Diagnostic[],
  file: string,
  text: string,
  words: RemedyWords = remedyWords,
): LocatedDiagnostic[] {
  const positionOf = lineMap(text);
  return diagnostics
    .toSorted((a, b) => a.place.start - b.place.start)
    .map((d) => {
      const { line, column } = positionOf(Math.max(0, d.place.start));
      const related = d.related && positionOf(d.related.start);
      return {
        code: d.code,
        severity: d.severity,
        message: related ? `${d.message} (see line ${related.line})` : d.message,
        file: d.place.file ?? file,
        line,
        column,
        ...(d.remedy && { remedy: words(d.remedy) }),
      };
    });
}

/** One line: where, what, what to do, and the code to look up. */
export function formatDiagnostic(d: LocatedDiagnostic): string {
  const remedy = d.remedy === undefined ? '' : `; ${d.remedy}`;
  return `${d.file}:${d.line}:${d.column}: ${d.severity}: ${d.message}${remedy} [${d.code}]`;
}

/** More of a line is cut off around the place. */
const WIDTH = 96;
const BEFORE = 40;

/** The line of the text that a diagnostic is about, and a caret below the place. */
export function excerpt(style: Style, { line, column }: LocatedDiagnostic, text: string): string {
  const whole = text.split('\n', line)[line - 1] ?? '';
  const from = Math.max(0, Math.min(column - 1 - BEFORE, whole.length - WIDTH));
  const shown = printableInPlace(whole.slice(from, from + WIDTH).trimEnd());
  const gutter = `${line} | `;
  return `${style.dim(gutter)}${shown}\n${' '.repeat(gutter.length + column - 1 - from)}${style.red('^')}\n`;
}
