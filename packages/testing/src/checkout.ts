import { execFileSync } from 'node:child_process';
import { cpSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Undo } from './recorded.ts';

/** What callgate is when it runs, in its package. */
const PARTS = ['bin', 'dist', 'package.json'];
const HERE = join(import.meta.dirname, '../../..');

/** Git in a folder, as somebody. */
export function git(folder: string, ...args: string[]): string {
  const settings = ['user.name=a', 'user.email=a@b', 'commit.gpgsign=false', 'init.defaultBranch=main'];
  const options = settings.flatMap((setting) => ['-c', setting]);
  return execFileSync('git', [...options, ...args], { cwd: folder, encoding: 'utf8', stdio: 'pipe' }).trim();
}

/** This repository as others get it: its files as they are here, in one commit, and nothing built. */
export function freshCheckout(undo: Undo): string {
  const folder = undo.folder();
  const files = git(HERE, 'ls-files', '-z', '--cached', '--others', '--exclude-standard').split('\0');
  for (const file of files)
    if (file !== '' && existsSync(join(HERE, file))) cpSync(join(HERE, file), join(folder, file));
  git(folder, 'init', '-q');
  git(folder, 'add', '--all');
  git(folder, 'commit', '-qm', 'callgate');
  return folder;
}

/** The action of this repository as it is once it has been built here; nothing that it does not run. */
export function builtAction(undo: Undo): string {
  const folder = undo.folder();
  for (const part of ['action.yml', 'scripts/action.sh', ...PARTS.map((part) => `packages/cli/${part}`)])
    cpSync(join(HERE, part), join(folder, part), { recursive: true });
  return folder;
}
