import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ownName } from '../../leavings/own-name.ts';

/** A profile in a folder of its own, where an engine reads it; forgotten with `remove`. */
export interface ProfileFile {
  readonly path: string;
  remove(): void;
}

export function profileFile(text: string): ProfileFile {
  const folder = join(tmpdir(), ownName('profile'));
  mkdirSync(folder, { mode: 0o755 });
  const path = join(folder, 'profile.json');
  writeFileSync(path, text);
  return { path, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
