import { spawnSync } from 'node:child_process';

/** Why git does not give a file. */
export class NotInGit extends Error {}

/**
 * The bytes of a file as a commit of git has it, by its path from the top of the repository that `folder` is in, or from that
 * folder where it begins with "./". Throws NotInGit, also where it is longer than that many bytes.
 */
export function gitFile(revision: string, path: string, folder: string, most: number): Uint8Array {
  // It would be an option of git's.
  if (revision.startsWith('-')) throw new NotInGit('a revision does not begin with "-"');
  const { error, status, stdout, stderr } = spawnSync('git', ['cat-file', 'blob', `${revision}:${path}`], {
    cwd: folder,
    maxBuffer: most,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { code } = (error ?? {}) as NodeJS.ErrnoException;
  if (code === 'ENOENT') throw new NotInGit('git is not installed');
  if (code === 'ENOBUFS') throw new NotInGit(`it is longer than ${most / 2 ** 20} MiB`);
  if (error) throw new NotInGit(error.message);
  if (status === 0) return stdout;
  const [line] = stderr.toString('utf8').split('\n');
  throw new NotInGit(line.replace(/^(fatal|error): /, '') || `git ended with ${status}`);
}
