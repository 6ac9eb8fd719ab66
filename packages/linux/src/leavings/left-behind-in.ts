import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isLeftBehind, ownerOf } from './own-name.ts';

/**
 * The paths of what a callgate that was killed has left behind in a folder, of one kind or of any. What other users own is not
 * among them: anybody can give a name to what is his. A folder that is not there, or cannot be read, has nothing.
 */
export function leftBehindIn(folder: string, kind?: string): string[] {
  return namesIn(folder)
    .filter((name) => {
      const owner = ownerOf(name);
      return owner && (kind === undefined || owner.kind === kind) && isLeftBehind(owner);
    })
    .map((name) => join(folder, name))
    .filter(isOwn);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function isOwn(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.uid === process.geteuid?.();
}
