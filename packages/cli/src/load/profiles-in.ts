import { readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { printable } from '@callgate/engine/internal/report/words';
import { CliFailure, type Context } from '../context.ts';
import { readBytes } from './read-text.ts';

const ENDINGS = /\.(json|ya?ml)$/i;
/** Folders of tools and of what they have fetched. */
const NOT_ENTERED = /^(\..*|node_modules)$/;
/** What every profile has, and few other files. */
const MARK = 'defaultAction';

/** The names as they are, and for each folder the files in it and below it that hold profiles, in order. */
export async function profilesIn(context: Context, names: readonly string[]): Promise<string[]> {
  const all = await Promise.all(
    names.map(async (name) => (isFolder(context, name) ? profilesOfFolder(context, name) : [name])),
  );
  return all.flat();
}

async function profilesOfFolder(context: Context, folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const file of filesBelow(context, folder))
    if (Buffer.from(await readBytes(context, file)).includes(MARK)) found.push(file);
  if (found.length === 0)
    throw new CliFailure(`no JSON or YAML file in ${printable(folder)} holds a profile`);
  return found;
}

function* filesBelow(context: Context, folder: string): Iterable<string> {
  const entries = readdirSync(resolve(context.cwd, folder), { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isFile() && ENDINGS.test(entry.name)) yield path;
    else if (entry.isDirectory() && !NOT_ENTERED.test(entry.name)) yield* filesBelow(context, path);
  }
}

function isFolder(context: Context, name: string): boolean {
  if (name === '-') return false;
  return statSync(resolve(context.cwd, name), { throwIfNoEntry: false })?.isDirectory() ?? false;
}
