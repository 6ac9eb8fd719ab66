import { mkdirSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { printable } from '@callgate/engine/internal/report/words';
import { CliFailure, type Context } from '../context.ts';
import { reason } from './write-file.ts';

/** Whether a path is a folder, or is written as one. */
export function isFolderPath(context: Context, path: string): boolean {
  if (path === '-') return false;
  if (path.endsWith('/')) return true;
  return statSync(resolve(context.cwd, path), { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** Paths in a folder for files of these names, which must not be the same; the folder is made when it is missing. */
export function pathsIn(context: Context, folder: string, names: readonly string[]): string[] {
  const bases = names.map((name) => basename(name));
  const twice = bases.find((base, i) => bases.indexOf(base) !== i);
  if (twice !== undefined)
    throw new CliFailure(`two files would be written to ${printable(join(folder, twice))}`);
  try {
    mkdirSync(resolve(context.cwd, folder), { recursive: true });
  } catch (fault) {
    throw new CliFailure(`cannot make ${printable(folder)}: ${reason(fault)}`);
  }
  return bases.map((base) => join(folder, base));
}
