import { readListing } from '@callgate/engine/internal/bpf/read-listing';
import type { Suppressed } from '@callgate/engine/internal/config/apply-config';
import { acrossSettings } from '@callgate/engine/internal/lint/across-settings';
import type { Finding } from '@callgate/engine/internal/lint/finding';
import type { Judged } from '@callgate/engine/internal/lint/judged';
import { type LintedProfile, type LintOptions, lintText } from '@callgate/engine/internal/lint/lint-text';
import type { LocatedDiagnostic } from '@callgate/engine/internal/report/diagnostics';
import type { SuppressedFinding } from '@callgate/engine/internal/report/finding-formats/finding-format';
import { type LocatedFinding, locateFindings } from '@callgate/engine/internal/report/findings';
import { printable } from '@callgate/engine/internal/report/words';
import { isProgram } from '@callgate/engine/internal/subject/subject';
import { CliFailure, type Context } from '../context.ts';
import { type Carried, carriedIn, targetOfCarried } from './carried.ts';
import { located, words } from './faults.ts';
import { withEdits } from './finding-edits.ts';
import type { HouseRules, Setting } from './house-rules.ts';
import { archivedText, layoutText } from './layout.ts';
import { readBytes, textOf } from './read-text.ts';
import { stockNamed } from './stock.ts';

/** What lint says of one text. */
export interface Linted {
  readonly findings: readonly LocatedFinding[];
  readonly suppressed: readonly SuppressedFinding[];
  /** Why profiles of it could not be judged. */
  readonly faults: readonly LocatedDiagnostic[];
  /** The profiles of it that were judged, what each means under the first setting, and what was found of it. */
  readonly judged: readonly { name: string; judged: Judged; findings: readonly Finding[] }[];
  readonly text: string;
}

/** What was judged of a text under one setting. */
export interface JudgedUnder extends Setting {
  readonly profiles: readonly LintedProfile[];
}

/** What was judged of a text, under each setting. */
export interface JudgedText {
  readonly name: string;
  readonly text: string;
  readonly under: readonly JudgedUnder[];
  readonly faults: readonly LocatedDiagnostic[];
}

/** A text that lint is given. */
export interface LintInput {
  readonly name: string;
  readonly text: string;
  /** It is a default of a runtime, and no file. */
  readonly isStock: boolean;
  /** What it holds, where it is a list of another sandbox. */
  readonly carried?: Carried;
}

/** Reads what lint is given. */
export async function lintInput(context: Context, name: string): Promise<LintInput> {
  const stock = stockNamed(name);
  if (stock) return { name, text: await stock.text(), isStock: true };
  const text = await textNamed(context, name);
  return { name, text, isStock: false, carried: await carriedIn(text, name) };
}

/** Reads a text and judges every profile in it under each of the settings. */
export async function judgeSubject(
  context: Context,
  name: string,
  settings: readonly Setting[],
): Promise<JudgedText> {
  return judgeInput(await lintInput(context, name), settings);
}

function judgeInput(input: LintInput, settings: readonly Setting[]): JudgedText {
  const { name, text } = input;
  const under = settings.map((setting) => ({
    ...setting,
    profiles: lintText(name, text, optionsFor(input, setting.options)),
  }));
  const faults = under.flatMap(({ profiles }) => profiles.flatMap((profile) => profile.faults));
  return { name, text, under, faults: onlyOnce(located(faults, name, text)) };
}

/** A default is read as its own runtime reads it, whoever else is meant; a list of another sandbox as what was found in it. */
function optionsFor({ isStock, carried }: LintInput, options: LintOptions): LintOptions {
  if (isStock) return { ...options, target: { ...options.target, runtime: undefined } };
  if (!carried) return options;
  const target = targetOfCarried(options.target, carried);
  // Beside a list of another sandbox there is no container runtime with a default, unless the user names one.
  const isAlone = carried.carrier.enforcer === 'sandbox' && !options.target.runtime;
  return { ...options, target, usual: isAlone ? undefined : options.usual, carried: carried.profiles };
}

function onlyOnce(faults: readonly LocatedDiagnostic[]): LocatedDiagnostic[] {
  return [...new Map(faults.map((fault) => [JSON.stringify(fault), fault])).values()];
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

/** The same of those that somebody bears. */
export function locatedSuppressed(
  suppressed: readonly Suppressed[],
  text: Pick<JudgedText, 'name' | 'text'>,
  part: string | undefined,
): SuppressedFinding[] {
  const found = locatedFindings(
    suppressed.map(({ finding }) => finding),
    text,
    part,
  );
  return suppressed.map(({ reason, until }, i) => ({ ...found[i], suppressed: { reason, until } }));
}

function profileName(file: string, part: string | undefined): string {
  return printable(part === undefined ? file : `${file}#${part}`);
}

/** Judges every profile of a text as the house wants it. */
export function lintUnder(
  input: LintInput,
  settings: readonly Setting[],
  house: HouseRules,
  { edits }: { readonly edits: boolean },
): Linted {
  const { name, text } = input;
  const judged = judgeInput(input, settings);
  const profiles = profilesOf(judged).map(({ part, judged: meant, findings }) => {
    const { findings: told, suppressed } = house.consider(name, findings);
    const found = locatedFindings(told, judged, part);
    return {
      name: profileName(name, part),
      judged: meant,
      told,
      findings:
        edits && !input.carried ? withEdits(found, told, { name, text, part }, settings[0].options) : found,
      suppressed: locatedSuppressed(suppressed, judged, part),
    };
  });
  return {
    text: judged.text,
    judged: profiles.map(({ name: of, judged: meant, told }) => ({
      name: of,
      judged: meant,
      findings: told,
    })),
    findings: profiles.flatMap(({ findings }) => findings),
    suppressed: profiles.flatMap(({ suppressed }) => suppressed),
    faults: judged.faults,
  };
}

/** What was found of one profile, and what it means under the first setting. */
interface ProfileFindings {
  readonly part: string | undefined;
  readonly judged: Judged;
  readonly findings: readonly Finding[];
}

/** Every profile of a text that could be judged under all settings, and what was found under any. */
function profilesOf({ under }: JudgedText): ProfileFindings[] {
  return under[0].profiles.flatMap(({ part }) => {
    const same = under.map(({ label, profiles }) => ({
      label,
      profile: profiles.find((profile) => profile.part === part),
    }));
    if (same.some(({ profile }) => !profile?.judged)) return [];
    return {
      part,
      judged: same[0].profile!.judged!,
      findings: acrossSettings(same.map(({ label, profile }) => ({ label, findings: profile!.findings }))),
    };
  });
}

async function textNamed(context: Context, name: string): Promise<string> {
  const layout = layoutText(context, name);
  if (layout !== undefined) return layout;
  const bytes = await readBytes(context, name);
  const archived = archivedText(context, name, bytes);
  if (archived !== undefined) return archived;
  const text = isProgram(name, bytes) ? undefined : textOf(bytes, name);
  if (text !== undefined && !readListing(text)) return text;
  throw new CliFailure(`${printable(name)} is a filter; lint judges profiles: callgate decompile makes one`);
}
