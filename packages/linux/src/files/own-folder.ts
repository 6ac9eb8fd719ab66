import { accessSync, constants, lstatSync, mkdirSync } from 'node:fs';

/** Makes a folder unless it is there; whether it is one of this user, no link to another, in which files can be made. */
export function makeOwnFolder(path: string): boolean {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch {
    // It is there already, or cannot be made: seen below.
  }
  const found = lstatSync(path, { throwIfNoEntry: false });
  return (found?.isDirectory() ?? false) && found!.uid === process.geteuid!() && isWritable(path);
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
