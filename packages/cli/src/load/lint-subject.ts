import { type LintOptions, lintText } from '@callgate/engine/internal/lint/lint-text';
import type { LocatedDiagnostic } from '@callgate/engine/internal/report/diagnostics';
import { type LocatedFinding, locateFindings } from '@callgate/engine/internal/report/findings';
import { printable } from '@callgate/engine/internal/report/words';
import { isProgram } from '@callgate/engine/internal/subject/subject';
import { CliFailure, type Context } from '../context.ts';
import { located, words } from './faults.ts';
import { readBytes, textOf } from './read-text.ts';
import { stockNamed } from './stock.ts';

/** What lint says of one text. */
export interface Linted {
  readonly findings: readonly LocatedFinding[];
  /** Why profiles of it could not be judged. */
  readonly faults: readonly LocatedDiagnostic[];
  /** How many profiles of it were judged. */
  readonly judged: number;
  readonly text: string;
}

/** Reads a text and judges every profile in it. */
export async function lintSubject(context: Context, name: string, options: LintOptions): Promise<Linted> {
  const stock = stockNamed(name);
  const text = stock ? await stock.text() : await textNamed(context, name);
  // A default is read as its own runtime reads it, whoever else is meant.
  const { target } = options;
  const profiles = lintText(
    name,
    text,
    stock ? { ...options, target: { ...target, runtime: undefined } } : options,
  );
  return {
    text,
    judged: profiles.filter(({ faults }) => faults.length === 0).length,
    findings: profiles.flatMap(({ part, findings }) =>
      locateFindings(findings, printable(part === undefined ? name : `${name}#${part}`), text, words),
    ),
    faults: profiles.flatMap(({ faults }) => located(faults, name, text)),
  };
}

async function textNamed(context: Context, name: string): Promise<string> {
  const bytes = await readBytes(context, name);
  if (!isProgram(name, bytes)) return textOf(bytes, name);
  throw new CliFailure(`${printable(name)} is a filter; lint judges profiles: callgate decompile makes one`);
}
