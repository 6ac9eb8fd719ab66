import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** What was fetched once is kept here, outside of the repository. */
export const CACHE = process.env.CALLGATE_MACHINES ?? join(homedir(), '.cache/callgate-machines');

/** A folder of the cache, filled when it is not there yet: whole or not at all. */
export async function cached(name: string, fill: (folder: string) => void | Promise<void>): Promise<string> {
  const folder = join(CACHE, name);
  if (existsSync(folder)) return folder;
  const unfinished = `${folder}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true });
  await fill(unfinished);
  renameSync(unfinished, folder);
  return folder;
}
