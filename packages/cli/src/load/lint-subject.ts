import type { Finding } from '@callgate/engine/internal/lint/finding';
import type { Judgement } from '@callgate/engine/internal/lint/gate';
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
  /** The profiles of it that were judged, by name. */
  readonly judged: readonly string[];
  readonly text: string;
}

/** One profile of a text, as it was judged. */
export interface JudgedPart {
  /** Which of several profiles of the text it is. */
  readonly part?: string;
  readonly judgement: Judgement;
}

/** What was judged of a text. */
export interface JudgedText {
  readonly name: string;
  readonly text: string;
  readonly parts: readonly JudgedPart[];
  readonly faults: readonly LocatedDiagnostic[];
}

/** Reads a text and judges every profile in it, for who compares them. */
export async function judgeSubject(
  context: Context,
  name: string,
  options: LintOptions,
): Promise<JudgedText> {
  const { text, profiles } = await lintedProfiles(context, name, options);
  return {
    name,
    text,
    parts: profiles.flatMap(({ part, judged, findings }) =>
      judged ? [{ ...(part !== undefined && { part }), judgement: { judged, findings } }] : [],
    ),
    faults: profiles.flatMap(({ faults }) => located(faults, name, text)),
  };
}

/** Findings of one profile of a text, where people look for them. */
export function locatedFindings(
  findings: readonly Finding[],
  { name, text }: Pick<JudgedText, 'name' | 'text'>,
  part: string | undefined,
): LocatedFinding[] {
  const found = locateFindings(findings, profileName(name, part), text, words);
  return part === undefined ? found : found.map((finding) => ({ ...finding, path: printable(name) }));
}

function profileName(file: string, part: string | undefined): string {
  return printable(part === undefined ? file : `${file}#${part}`);
}

/** Reads a text and judges every profile in it. */
export async function lintSubject(context: Context, name: string, options: LintOptions): Promise<Linted> {
  const { text, parts, faults } = await judgeSubject(context, name, options);
  return {
    text,
    judged: parts.map(({ part }) => profileName(name, part)),
    findings: parts.flatMap(({ part, judgement }) =>
      locatedFindings(judgement.findings, { name, text }, part),
    ),
    faults,
  };
}

async function lintedProfiles(context: Context, name: string, options: LintOptions) {
  const stock = stockNamed(name);
  if (!stock) {
    const text = await textNamed(context, name);
    return { text, profiles: lintText(name, text, options) };
  }
  const text = await stock.text();
  // A default is read as its own runtime reads it, whoever else is meant.
  return {
    text,
    profiles: lintText(name, text, { ...options, target: { ...options.target, runtime: undefined } }),
  };
}

async function textNamed(context: Context, name: string): Promise<string> {
  const bytes = await readBytes(context, name);
  if (!isProgram(name, bytes)) return textOf(bytes, name);
  throw new CliFailure(`${printable(name)} is a filter; lint judges profiles: callgate decompile makes one`);
}
