import { readdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { printable } from '@callgate/engine/internal/report/words';
import { readSmallFile } from '@callgate/linux/internal/files/read-file';
import type { FolderEntry, ProfilesFolder } from '@callgate/workload';
import { CliFailure, type Context } from '../context.ts';
import { reason } from '../terminal/write-file.ts';

/** A kubelet's folder has some files; more are not offered where a path leads to none. */
const MOST_FILES = 10_000;
const LONGEST = 4 * 1024 * 1024;

/** The folder that is laid out as a kubelet's folder seccomp. */
export function profilesFolder(context: Context, name: string): ProfilesFolder {
  const root = resolve(context.cwd, name);
  if (!statSync(root, { throwIfNoEntry: false })?.isDirectory())
    throw new CliFailure(`--profiles ${printable(name)} is no folder`);
  return { name, files: [...filesBelow(root, '')].slice(0, MOST_FILES), at: (path) => entryAt(root, path) };
}

/** What is at a path that a file names, from its folder on. */
export function entryBeside(context: Context, file: string, path: string): FolderEntry {
  return entryOf(resolve(context.cwd, file === '-' ? '.' : dirname(file), path));
}

function entryAt(root: string, path: string): FolderEntry {
  return path.split('/').includes('..') ? { kind: 'missing' } : entryOf(join(root, path));
}

function entryOf(path: string): FolderEntry {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    if (!found) return { kind: 'missing' };
    if (found.isDirectory()) return { kind: 'folder' };
    if (!found.isFile()) return { kind: 'unreadable', why: 'it is a device, not a file' };
    const bytes = readSmallFile(path, LONGEST);
    if (!bytes) return { kind: 'unreadable', why: 'permission denied, or longer than 4 MiB' };
    return { kind: 'file', text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch (fault) {
    if (fault instanceof TypeError) return { kind: 'unreadable', why: 'it is not UTF-8 text' };
    const { code } = fault as NodeJS.ErrnoException;
    return code === 'ENOTDIR' || code === 'ENAMETOOLONG'
      ? { kind: 'missing' }
      : { kind: 'unreadable', why: reason(fault) };
  }
}

function* filesBelow(root: string, below: string): Iterable<string> {
  const entries = readdirSync(join(root, below), { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) yield* filesBelow(root, path);
    else yield path;
  }
}
