import { type Diagnostic, hasErrors, type Result } from '@callgate/engine/internal/diagnostics/diagnostic';
import {
  excerpt,
  formatDiagnostic,
  type LocatedDiagnostic,
  locate,
  type RemedyWords,
  remedyWords,
} from '@callgate/engine/internal/report/diagnostics';
import { printable } from '@callgate/engine/internal/report/words';
import type { Position } from '@callgate/engine/internal/source/line-map';
import { type Context, InputFaults } from '../context.ts';
import { styleFor } from '../terminal/style.ts';

/** More are counted. */
const MOST = 20;

/** Remedies of the command line are its flags. */
export const words: RemedyWords = (remedy) => {
  switch (remedy.kind) {
    case 'skip-unknown-names':
      return 'runtimes skip it silently; remove it, or pass --allow-unknown if it is newer than these tables';
    case 'read-named':
      return 'read that file itself; callgate audit says which filter each container of the document gets';
    case 'choose-part':
      return `name one: FILE#${printable(remedy.parts[0])}`;
    default:
      return remedyWords(remedy);
  }
};

/** What was read, unless it has errors: then all faults end the command, warnings among them, which may explain an error. */
export function expectValue<T>(result: Result<T>, name: string, text: string): T {
  if (result.value !== undefined && !hasErrors(result.diagnostics)) return result.value;
  throw new InputFaults(located(withoutRepetitions(result.diagnostics), name, text), text);
}

/** Where something is wrong, nothing else needs to be said of the same place. */
function withoutRepetitions(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const wrong = new Set(diagnostics.filter((d) => d.severity === 'error').map((d) => d.place.start));
  return diagnostics.filter((d) => d.severity === 'error' || !wrong.has(d.place.start));
}

/** Writes diagnostics to stderr, a line each behind a prefix, and where a person reads them the line of the text. */
export function writeFaults(
  context: Context,
  faults: readonly LocatedDiagnostic[],
  text: string,
  prefix: string,
): void {
  const { stderr } = context;
  const style = styleFor(stderr, context.env);
  for (const fault of faults.slice(0, MOST)) {
    stderr.write(`${prefix}${formatDiagnostic(fault)}\n`);
    if (stderr.isTTY) stderr.write(excerpt(style, fault, text));
  }
  if (faults.length > MOST) stderr.write(`${prefix}… and ${faults.length - MOST} more\n`);
}

/** Diagnostics as they are told: at lines and columns, in the words of the command line. */
export function located(diagnostics: readonly Diagnostic[], name: string, text: string): LocatedDiagnostic[] {
  return locate(diagnostics, printable(name), text, words);
}

/** Diagnostics of a profile whose text is not at hand, but where its offsets are; without those they are at its beginning. */
export function placed(
  diagnostics: readonly Diagnostic[],
  name: string,
  positionOf: (offset: number) => Position = () => ({ line: 1, column: 1 }),
): LocatedDiagnostic[] {
  return diagnostics.map(({ code, severity, message, place, remedy }) => ({
    code,
    severity,
    message,
    file: printable(name),
    ...positionOf(Math.max(0, place.start)),
    ...(remedy && { remedy: words(remedy) }),
  }));
}
