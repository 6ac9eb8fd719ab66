import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { decodeProgram } from '@callgate/engine/internal/bpf/encode';
import type { Program } from '@callgate/engine/internal/bpf/instruction';
import { readListing } from '@callgate/engine/internal/bpf/read-listing';
import type { LocatedDiagnostic } from '@callgate/engine/internal/report/diagnostics';
import { printable } from '@callgate/engine/internal/report/words';
import type { Target } from '@callgate/engine/internal/runtime/target';
import type { StockProfile } from '@callgate/engine/internal/stock/stock-profiles';
import {
  isProgram,
  type ProfileSource,
  profileSubject,
  programSubject,
  type Subject,
} from '@callgate/engine/internal/subject/subject';
import { abiOf } from '@callgate/engine/internal/syscalls/arch';
import type { Carrier } from '@callgate/workload/internal/carriers/carrier';
import { CliFailure, type Context } from '../context.ts';
import { type Carried, carriedIn, targetOfCarried } from './carried.ts';
import { expectValue, located, writeFaults } from './faults.ts';
import { archivedText, layoutText } from './layout.ts';
import { expectAssembled } from './listing.ts';
import { LIVE_HELP, type LiveFilters, liveFilters } from './live-filters.ts';
import { readBytes, textOf } from './read-text.ts';
import { stockNamed } from './stock.ts';

/** What a user may name wherever a filter is read, for --help. */
export const SUBJECT_HELP = `a profile (JSON or YAML; in a custom resource, ConfigMap, config.json or OCI image layout, too), a list of systemd, LXC, minijail, kafel, snap or firejail, raw BPF or a listing of it, "-" for stdin, git:REV:PATH, what runs (${LIVE_HELP}), or a default profile: stock:docker, stock:podman, stock:containerd (stock:docker@26: of that release), stock:none (allows all)`;

/** A subject, and what is worth saying of the text that it was read from. */
export type LoadedSubject = Subject & {
  readonly warnings: readonly LocatedDiagnostic[];
  /** The default profile that it is, if it is one. */
  readonly stock?: StockProfile;
  /** What it was read from, where that is a list of another sandbox. */
  readonly carrier?: Carrier;
  /** What runs under it, where it is read from a process. */
  readonly live?: LiveFilters;
};

export interface LoadOptions {
  readonly allowUnknown?: boolean;
  /** Keeps warnings to itself. */
  readonly quiet?: boolean;
}

/** Reads a subject and finds its meaning; faults end the command, warnings go to stderr unless `quiet`. */
export async function loadSubject(
  context: Context,
  name: string,
  target: Target,
  options: LoadOptions,
): Promise<LoadedSubject> {
  const stock = stockNamed(name);
  if (stock) {
    const text = await stock.text();
    const subject = readProfile(context, name, text, target, { ...options, quiet: true }, undefined);
    const warnings = subject.warnings.filter(isOfTarget);
    if (!options.quiet) writeFaults(context, warnings, text, '');
    return { ...subject, warnings, stock };
  }
  const live = await liveFilters(name);
  if (live) return { ...readPrograms(name, live.programs, target), live };
  const { file, part } = partOf(context, name);
  const layout = layoutText(context, file);
  if (layout !== undefined)
    return readProfile(context, file, layout, target, { ...options, part }, undefined);
  const bytes = await readBytes(context, file);
  const archived = archivedText(context, file, bytes);
  if (archived !== undefined)
    return readProfile(context, file, archived, target, { ...options, part }, undefined);
  if (isProgram(file, bytes)) return readPrograms(name, [decode(name, bytes, target)], target);
  const text = textOf(bytes, file);
  const listing = readListing(text);
  if (listing) return readPrograms(name, [expectAssembled(file, listing)], target);
  return readProfile(context, file, text, target, { ...options, part }, await carriedIn(text, file));
}

/** Nobody mends a default profile; but what a libseccomp skips of it is about the target. */
function isOfTarget({ code }: LocatedDiagnostic): boolean {
  return code === 'libseccomp-skips';
}

/** What a named libseccomp skips of subjects, a line each. */
export function skippedLines(subjects: readonly Pick<LoadedSubject, 'warnings'>[]): string[] {
  const said = skippedPart(subjects).warnings ?? [];
  return [...new Set(said.map(({ file, message }) => `${file}: ${message}\n`))];
}

/** The same for --json. */
export function skippedPart(subjects: readonly Pick<LoadedSubject, 'warnings'>[]): {
  readonly warnings?: readonly LocatedDiagnostic[];
} {
  const warnings = subjects.flatMap((subject) => subject.warnings.filter(isOfTarget));
  return warnings.length > 0 ? { warnings } : {};
}

/** FILE#NAME is one of several profiles of a file, unless a file has that name. */
export function partOf(context: Context, name: string): { readonly file: string; readonly part?: string } {
  const at = name.indexOf('#');
  if (at <= 0 || existsSync(resolve(context.cwd, name))) return { file: name };
  return { file: name.slice(0, at), part: name.slice(at + 1) };
}

/** The programs of a subject, the newest first, as they stand: they need not be such that a kernel takes them. */
export async function loadPrograms(
  context: Context,
  name: string,
  target: Target,
): Promise<readonly Program[]> {
  const live = await liveFilters(name);
  if (live?.mode === 'strict') throw new CliFailure(`${printable(name)} has no filter: ${STRICT}`);
  if (live) return live.programs;
  const bytes = name.startsWith('stock:') ? new Uint8Array() : await readBytes(context, name);
  if (isProgram(name, bytes) && bytes.length > 0) return [decode(name, bytes, target)];
  const listing = readListing(textOf(bytes, name));
  if (listing) return [expectAssembled(name, listing)];
  throw new CliFailure(
    `${printable(name)} is no filter (struct sock_filter[] or a listing); of a profile callgate compile shows the filter that it becomes`,
  );
}

/** What --json says of a text beside the result: nothing where nothing is to be said. */
export function warningsPart({ warnings }: Pick<LoadedSubject, 'warnings'>): object {
  return warnings.length > 0 ? { warnings } : {};
}

const STRICT = 'it is in strict mode, where read, write, exit and sigreturn pass alone';

/** What is to be said where a process has no filter; empty where it has one, and for what does not run. */
export function liveText({ name, live }: Pick<LoadedSubject, 'name' | 'live'>): string {
  if (!live || live.mode === 'filter') return '';
  const why = live.mode === 'none' ? 'every call passes' : STRICT;
  return `${printable(name)} has no filter: ${why}\n`;
}

/** What --json says of a process: its mode, and how many filters it has; nothing of what does not run. */
export function livePart({ live }: Pick<LoadedSubject, 'live'>): object {
  return live ? { mode: live.mode, filters: live.filters } : {};
}

/** The same, for commands that need a profile and not just a filter. */
export async function loadProfileSubject(
  context: Context,
  name: string,
  target: Target,
  options: LoadOptions,
): Promise<LoadedSubject & { readonly source: ProfileSource }> {
  const subject = await loadSubject(context, name, target, options);
  const { source } = subject;
  if (source) return { ...subject, source };
  throw new CliFailure(`${printable(name)} is a filter; a profile is needed: callgate decompile makes one`);
}

function readProfile(
  context: Context,
  name: string,
  text: string,
  target: Target,
  { allowUnknown, quiet, part }: LoadOptions & { readonly part?: string },
  carried: Carried | undefined,
): LoadedSubject {
  const read = profileSubject(name, text, targetOfCarried(target, carried), {
    unknownNames: allowUnknown ? 'skip' : 'refuse',
    part,
    carried: carried?.profiles,
  });
  const subject = expectValue(read, name, text);
  const warnings = located(read.warnings(), name, text);
  if (!quiet) writeFaults(context, warnings, text, '');
  return { ...subject, warnings, ...(carried && { carrier: carried.carrier }) };
}

function readPrograms(name: string, programs: readonly Program[], target: Target): LoadedSubject {
  const read = programSubject(name, programs, target);
  if ('value' in read) return { ...read.value, warnings: [] };
  const { program, at, why } = read.fault;
  const which = programs.length > 1 ? `filter ${program + 1} of ${programs.length}, ` : '';
  throw new CliFailure(`${printable(name)}: ${which}instruction ${at}: ${why} [bad-filter]`);
}

function decode(name: string, bytes: Uint8Array, target: Target): Program {
  const program = decodeProgram(bytes, abiOf(target.native).endian);
  if (program) return program;
  throw new CliFailure(
    `${printable(name)}: ${bytes.length} bytes are no whole number of 8-byte instructions [bad-filter]`,
  );
}
