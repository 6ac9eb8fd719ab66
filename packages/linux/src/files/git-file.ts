import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';

/** Why git does not give a file. */
export class NotInGit extends Error {}

/** A path in a commit of git: from the top of the repository that `folder` is in, or from that folder where it begins with "./". */
export interface GitPath {
  readonly revision: string;
  readonly path: string;
  readonly folder: string;
}

const MEGABYTE = 2 ** 20;
/** For what git says of a path, and for the names of a folder. */
const MOST_WORDS = 16 * MEGABYTE;

/** The bytes of a file. Throws NotInGit, also where it has more bytes than that. */
export function gitFile(at: GitPath, most: number): Uint8Array {
  return git(at, ['cat-file', 'blob', objectOf(at)], most);
}

/** Whether a path is a file or a folder; undefined where the commit has nothing of that name. Throws NotInGit. */
export function gitKind(at: GitPath): 'file' | 'folder' | undefined {
  const commit = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${at.revision}^{commit}`];
  const { status, stdout } = run(at, commit, MOST_WORDS);
  if (status !== 0) throw new NotInGit(`there is no commit ${at.revision} here`);
  const type = run(at, ['cat-file', '-t', `${text(stdout).trim()}:${at.path}`], MOST_WORDS);
  if (type.status !== 0) return undefined;
  return text(type.stdout).trim() === 'tree' ? 'folder' : 'file';
}

/** The paths of all files in a folder and below it, from that folder on. Throws NotInGit. */
export function gitFilesBelow(at: GitPath): string[] {
  const names = git(at, ['ls-tree', '-r', '-z', '--name-only', '--full-tree', objectOf(at)], MOST_WORDS);
  return text(names).split('\0').filter(Boolean);
}

/** Where the working tree has a path, whether it has it or not; absolute. Throws NotInGit. */
export function inWorkingTree({ path, folder }: Pick<GitPath, 'path' | 'folder'>): string {
  if (/^\.\.?(\/|$)/.test(path)) return resolve(folder, path);
  const top = git({ folder }, ['rev-parse', '--show-cdup'], MOST_WORDS);
  return resolve(folder, text(top).replace(/\n$/, ''), path);
}

function objectOf({ revision, path }: GitPath): string {
  // It would be an option of git's.
  if (revision.startsWith('-')) throw new NotInGit('a revision does not begin with "-"');
  return `${revision}:${path}`;
}

function git(at: Pick<GitPath, 'folder'>, args: readonly string[], most: number): Uint8Array {
  const { status, stdout, stderr } = run(at, args, most);
  if (status === 0) return stdout;
  const [line] = text(stderr).split('\n');
  throw new NotInGit(line.replace(/^(fatal|error): /, '') || `git ended with ${status}`);
}

function run({ folder }: Pick<GitPath, 'folder'>, args: readonly string[], most: number) {
  const result = spawnSync('git', args, {
    cwd: folder,
    maxBuffer: most,
    env: { ...process.env, LC_ALL: 'C' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const fault = result.error as NodeJS.ErrnoException | undefined;
  if (fault?.code === 'ENOENT') throw new NotInGit('git is not installed');
  if (fault?.code === 'ENOBUFS') throw new NotInGit(`it is longer than ${most / MEGABYTE} MiB`);
  if (fault) throw new NotInGit(fault.message);
  return result;
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
}
