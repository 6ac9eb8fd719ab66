import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { printable } from '@callgate/engine/internal/report/words';
import { type GitPath, inWorkingTree, NotInGit } from '@callgate/linux/internal/files/git-file';
import { CliFailure, type Context } from '../context.ts';

const GIT = /^git:([^:]+):(.+)$/s;

/** What a subject such as git:main:web/profile.json names, unless a file has that name. */
export function gitPathOf(context: Context, name: string): GitPath | undefined {
  const [, revision, path] = GIT.exec(name) ?? [];
  if (path === undefined || existsSync(resolve(context.cwd, name))) return undefined;
  // Git knows the working folder as "./" alone.
  return { revision, path: path === '.' ? './' : path, folder: context.cwd };
}

/** Where a file is that a user names; one of a commit, where the working tree has it. Absolute. */
export function placeOf(context: Context, name: string): string {
  const at = gitPathOf(context, name);
  return at ? askGit(name, () => inWorkingTree(at)) : resolve(context.cwd, name);
}

/** Asks git about a subject; what it cannot give is a failure in one line. */
export function askGit<T>(name: string, ask: () => T): T {
  try {
    return ask();
  } catch (fault) {
    if (!(fault instanceof NotInGit)) throw fault;
    throw new CliFailure(`cannot read ${printable(name)}: ${printable(fault.message)} [unreadable]`);
  }
}
