import { printable } from '@callgate/engine/internal/report/words';
import { gitKind } from '@callgate/linux/internal/files/git-file';
import { CliFailure, type Context } from '../context.ts';
import { askGit, gitPathOf } from './git-subject.ts';
import { type FolderFile, noProfileIn, profilesOfFolder } from './profiles-in.ts';
import { readBytes } from './read-text.ts';
import { renamedPairs } from './renamed.ts';

/** A profile as it was and as it is: subjects. */
export interface ProfilePair {
  readonly name: string;
  /** Undefined for one that is new. */
  readonly before?: string;
  /** Undefined for one that was removed. */
  readonly after?: string;
}

/** Two profiles, or those of two folders by their paths there. One that git does not have in the first commit yet is new. */
export async function profilePairs(context: Context, base: string, head: string): Promise<ProfilePair[]> {
  const [before, after] = await Promise.all([base, head].map((name) => profilesOfFolder(context, name)));
  if (before && after) return withRenamed(context, pairsOf(before, after, head));
  const isNew = isAbsent(context, base);
  if (after && isNew) return pairsOf([], after, head);
  if (before || after) {
    const [folder, file] = before ? [base, head] : [head, base];
    throw new CliFailure(
      `${printable(folder)} is a folder, ${printable(file)} is not: compare two of a kind`,
    );
  }
  return [{ name: head, ...(!isNew && { before: base }), after: head }];
}

/** The profiles of two folders; one of them may have none, as before the first was added. */
function pairsOf(before: readonly FolderFile[], after: readonly FolderFile[], head: string): ProfilePair[] {
  if (before.length + after.length === 0) throw noProfileIn(head);
  const paths = [...new Set([...before, ...after].map(({ path }) => path))].sort();
  return paths.map((path) => {
    const [old, now] = [before, after].map((side) => side.find((file) => file.path === path)?.subject);
    return { name: path, before: old, after: now };
  });
}

/** A profile that is new, where one that is gone was much the same, is that one under another name. */
async function withRenamed(context: Context, pairs: readonly ProfilePair[]): Promise<ProfilePair[]> {
  const gone = pairs.filter(({ after }) => after === undefined);
  const fresh = pairs.filter(({ before }) => before === undefined);
  const textsOf = (subjects: readonly string[]) =>
    Promise.all(subjects.map(async (name) => Buffer.from(await readBytes(context, name)).toString('utf8')));
  const alike = renamedPairs(
    await textsOf(gone.map(({ before }) => before!)),
    await textsOf(fresh.map(({ after }) => after!)),
  );
  const renamed = alike.map(([i, j]) => ({ old: gone[i], now: fresh[j] }));
  return pairs.flatMap((pair) => {
    if (renamed.some(({ old }) => old === pair)) return [];
    const found = renamed.find(({ now }) => now === pair);
    return found ? { ...pair, name: `${pair.name} (was ${found.old.name})`, before: found.old.before } : pair;
  });
}

/** Whether a commit of git has no such file; that there is no such commit is a failure. */
function isAbsent(context: Context, name: string): boolean {
  const at = gitPathOf(context, name);
  return at !== undefined && askGit(name, () => gitKind(at)) === undefined;
}
