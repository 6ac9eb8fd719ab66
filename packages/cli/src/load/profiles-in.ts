import { readdirSync, statSync } from 'node:fs';
import { join, posix, resolve } from 'node:path';
import { printable } from '@callgate/engine/internal/report/words';
import { gitFilesBelow, gitKind } from '@callgate/linux/internal/files/git-file';
import { CliFailure, type Context } from '../context.ts';
import { carriedIn } from './carried.ts';
import { askGit, gitPathOf } from './git-subject.ts';
import { isLayout } from './layout.ts';
import { readBytes } from './read-text.ts';
import { stockNamed } from './stock.ts';

const ENDINGS = /\.(json|ya?ml)$/i;
/** What lists of other sandboxes are called. */
const LIST_ENDINGS = /\.(service|socket|conf|policy|kafel|seccomp|template|profile)$/i;
/** Folders of tools and of what they have fetched. */
const NOT_ENTERED = /^(\..*|node_modules)$/;
/** What every profile has, and few other files. Runtimes take the key in any case. */
const MARK = /defaultAction/i;
/** A plain letter that is written by its number, in JSON or YAML. */
const ESCAPED = /\\(?:x|u00|U000000)([0-7][\da-f])/gi;

/** A file of a folder: its path from there, and the subject that it is. */
export interface FolderFile {
  readonly path: string;
  readonly subject: string;
}

/**
 * The names as they are, and for each folder, also one in git, the files in it and below it that hold profiles, in order.
 * A folder without any is a failure, unless what holds none is to be skipped: then files of that kind are left out, too.
 */
export async function profilesIn(
  context: Context,
  names: readonly string[],
  { skipOthers = false } = {},
): Promise<string[]> {
  const all = await Promise.all(
    names.map(async (name) => {
      const found = await profilesOfFolder(context, name);
      if (found && (found.length > 0 || skipOthers)) return found.map(({ subject }) => subject);
      if (found) throw noProfileIn(name);
      return skipOthers && isFile(name) && !isLayout(context, name) && !(await holdsProfile(context, name))
        ? []
        : [name];
    }),
  );
  return [...new Set(all.flat())];
}

/** The files of a folder that hold profiles; undefined where the name is none of a folder. */
export async function profilesOfFolder(context: Context, name: string): Promise<FolderFile[] | undefined> {
  const files = filesOf(context, name);
  if (!files) return undefined;
  const found: FolderFile[] = [];
  for (const file of files) if (await holdsProfile(context, file.subject)) found.push(file);
  return found;
}

/** What there is to say of a folder without profiles. */
export function noProfileIn(folder: string): CliFailure {
  return new CliFailure(`no JSON or YAML file in ${printable(folder)} holds a profile`);
}

function mayHold(path: string): boolean {
  return ENDINGS.test(path) || LIST_ENDINGS.test(path);
}

async function holdsProfile(context: Context, file: string): Promise<boolean> {
  const text = Buffer.from(await readBytes(context, file)).toString('latin1');
  const plain = text.replace(ESCAPED, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return MARK.test(plain) || (!ENDINGS.test(file) && (await carriedIn(text, file)) !== undefined);
}

/** Whether a subject is a file; not stdin, which can be read but once, nor a default profile. */
function isFile(name: string): boolean {
  return name !== '-' && stockNamed(name) === undefined;
}

function filesOf(context: Context, name: string): FolderFile[] | undefined {
  const at = gitPathOf(context, name);
  if (!at) return isFolder(context, name) ? [...filesBelow(context, name, '')] : undefined;
  if (askGit(name, () => gitKind(at)) !== 'folder') return undefined;
  return askGit(name, () => gitFilesBelow(at))
    .filter((path) => mayHold(path) && !path.split('/').some((part) => NOT_ENTERED.test(part)))
    .map((path) => ({ path, subject: `git:${at.revision}:${posix.join(at.path, path)}` }));
}

function* filesBelow(context: Context, folder: string, below: string): Iterable<FolderFile> {
  const entries = readdirSync(resolve(context.cwd, folder, below), { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(below, entry.name);
    const isFile = entry.isFile() || (entry.isSymbolicLink() && isFileBehind(context, join(folder, path)));
    if (isFile && mayHold(entry.name)) yield { path, subject: join(folder, path) };
    else if (entry.isDirectory() && !NOT_ENTERED.test(entry.name)) yield* filesBelow(context, folder, path);
  }
}

/** Links to files are followed, as mounted ConfigMaps have them; those to folders may go in circles. */
function isFileBehind(context: Context, link: string): boolean {
  return statSync(resolve(context.cwd, link), { throwIfNoEntry: false })?.isFile() ?? false;
}

function isFolder(context: Context, name: string): boolean {
  if (name === '-' || isLayout(context, name)) return false;
  return statSync(resolve(context.cwd, name), { throwIfNoEntry: false })?.isDirectory() ?? false;
}
