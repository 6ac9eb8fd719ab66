import { resolve } from 'node:path';
import { printable } from '@callgate/engine/internal/report/words';
import { gitFile } from '@callgate/linux/internal/files/git-file';
import { fileChunks } from '@callgate/linux/internal/files/read-file';
import { CliFailure, type Context } from '../context.ts';
import { reason } from '../terminal/write-file.ts';
import { askGit, gitPathOf } from './git-subject.ts';

/** Longer files are not even read; a profile has some kilobytes, a recording some more. */
const MAX_BYTES = 8 * 1024 * 1024;
const CHUNK = 64 * 1024;

/** The bytes of a file, of one that git has (git:REV:PATH), or of stdin for "-", bounded. */
export async function readBytes(context: Context, path: string): Promise<Uint8Array> {
  const inGit = gitPathOf(context, path);
  if (inGit) return askGit(path, () => gitFile(inGit, MAX_BYTES));
  return wholeOf(path === '-' ? context.stdin : inputChunks(context, path, CHUNK), path);
}

/** The text of a file, or of stdin for "-": UTF-8, bounded. */
export async function readText(context: Context, path: string): Promise<string> {
  return textOf(await readBytes(context, path), path);
}

/** Bytes as UTF-8 text. */
export function textOf(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new CliFailure(`${printable(path)}: the file is not UTF-8 text [not-utf8]`);
  }
}

/** How long an input may be, in bytes, and what to do where it is longer. */
export interface Limit {
  readonly most: number;
  readonly hint: string;
}

const OF_PROFILES: Limit = { most: MAX_BYTES, hint: 'is this a profile?' };

/** All the pieces of an input, bounded. */
export async function wholeOf(
  pieces: AsyncIterable<Uint8Array | string>,
  path: string,
  { most, hint }: Limit = OF_PROFILES,
): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const piece of pieces) {
    const chunk = Buffer.from(piece);
    chunks.push(chunk);
    size += chunk.length;
    if (size > most)
      throw new CliFailure(
        `${printable(path)}: longer than ${most / 2 ** 20} MiB, so it is not read; ${hint} [too-large]`,
      );
  }
  return Buffer.concat(chunks);
}

/** The bytes of a file that a user names, in pieces that hold until the next is asked for; a pipe is read as it comes. */
export async function* inputChunks(context: Context, path: string, size: number): AsyncGenerator<Uint8Array> {
  try {
    yield* fileChunks(resolve(context.cwd, path), size);
  } catch (fault) {
    throw new CliFailure(`cannot read ${printable(path)}: ${reason(fault)} [unreadable]`);
  }
}
