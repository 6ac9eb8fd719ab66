import { type Diagnostic, hasErrors } from '@callgate/engine/diagnostics/diagnostic';
import { Diagram } from '@callgate/engine/policy/diagram';
import { lowerProfile } from '@callgate/engine/policy/lower';
import type { Policy } from '@callgate/engine/policy/policy';
import type { Target } from '@callgate/engine/policy/target';
import { parseProfile } from '@callgate/engine/profile/parse';
import type { Profile } from '@callgate/engine/profile/profile';
import { formatDiagnostic, locate } from '@callgate/engine/report/diagnostics';
import { lineMap, type Position } from '@callgate/engine/source/line-map';
import { formatOf } from '@callgate/engine/source/read';
import { CliFailure, type Context } from '../context.ts';
import { printable } from '../output/style.ts';
import { readText } from './read-text.ts';

/** A filter as the user named it, and what it means on a target. */
export interface Subject {
  readonly name: string;
  readonly profile: Profile;
  readonly policy: Policy;
  /** Where an offset of the profile's text is. */
  positionOf(offset: number): Position;
}

const ALLOW_EVERYTHING = '{"defaultAction":"SCMP_ACT_ALLOW"}';

/** Reads a subject and lowers it; faults end the command, warnings go to stderr unless `quiet`. */
export async function loadSubject(
  context: Context,
  name: string,
  target: Target,
  options: { allowUnknown?: boolean; quiet?: boolean },
): Promise<Subject> {
  const text = await subjectText(context, name);
  const parsed = parseProfile(text, formatOf(text, name));
  const fatal = parsed.diagnostics.filter((d) => !(options.allowUnknown && d.code === 'unknown-syscall'));
  if (!parsed.value || hasErrors(fatal)) throw firstFault(fatal, name, text);
  const lowered = lowerProfile(parsed.value, target, new Diagram());
  if (!lowered.value) throw firstFault(lowered.diagnostics, name, text);
  if (!options.quiet && !name.startsWith('stock:'))
    warn(context, [...parsed.diagnostics, ...lowered.diagnostics], name, text);
  return { name, profile: parsed.value, policy: lowered.value, positionOf: lineMap(text) };
}

/** The text of a subject that is a profile. */
async function subjectText(context: Context, name: string): Promise<string> {
  if (name === 'stock:none') return ALLOW_EVERYTHING;
  if (name === 'stock:docker')
    return (await import('@callgate/engine/stock/generated/docker')).DOCKER_PROFILE;
  if (/^(stock|pid|docker|podman):/.test(name))
    throw new CliFailure(`${printable(name)} cannot be read yet; give a file, stock:docker or stock:none`);
  return readText(context, name);
}

/** One fault, and how many more there are. */
function firstFault(diagnostics: readonly Diagnostic[], name: string, text: string): CliFailure {
  const errors = locate(
    diagnostics.filter((d) => d.severity === 'error'),
    printable(name),
    text,
  );
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  return new CliFailure(formatDiagnostic(errors[0]) + more);
}

const MOST_WARNINGS = 20;

function warn(context: Context, diagnostics: readonly Diagnostic[], name: string, text: string): void {
  const warnings = diagnostics.filter((d) => d.severity !== 'note');
  const lines = locate(warnings.slice(0, MOST_WARNINGS), printable(name), text).map(formatDiagnostic);
  if (warnings.length > MOST_WARNINGS) lines.push(`… and ${warnings.length - MOST_WARNINGS} more`);
  for (const line of lines) context.stderr.write(`${line}\n`);
}
