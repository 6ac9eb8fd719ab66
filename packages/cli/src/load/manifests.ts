import { readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { printable } from '@callgate/engine/internal/report/words';
import { DocumentSplitter, type Piece } from '@callgate/workload';
import { CliFailure, type Context } from '../context.ts';
import { inputChunks } from './read-text.ts';

const ENDINGS = /\.(json|ya?ml)$/i;
/** Folders of tools and of what they have fetched. */
const NOT_ENTERED = /^(\..*|node_modules)$/;
/** What documents of which a folder may be full do not have, and workloads do. */
const MARK = /["']?\b(?:kind|services|HostConfig|ociVersion|runtimeSpec)["']?\s*:/;
const CHUNK = 256 * 1024;

/** A document of a file that a user names, or of a folder's. */
export interface Manifest {
  readonly file: string;
  readonly piece: Piece;
}

/** Every document of files and folders, as they are read; of a folder's files those alone that may hold a workload. */
export async function* manifests(context: Context, names: readonly string[]): AsyncGenerator<Manifest> {
  for (const name of names) {
    if (!isFolder(context, name)) yield* documents(context, name);
    else
      for (const file of filesOf(context, name))
        for await (const one of documentsInFolder(context, file))
          if (one.piece.fault !== undefined || MARK.test(one.piece.text)) yield one;
  }
}

/** One file of a folder that cannot be read is told, and the others are read all the same. */
async function* documentsInFolder(context: Context, file: string): AsyncGenerator<Manifest> {
  try {
    yield* documents(context, file);
  } catch (fault) {
    if (!(fault instanceof CliFailure)) throw fault;
    yield { file, piece: { text: '', line: 0, fault: fault.message.replace(/^.*?: /, '') } };
  }
}

/** The files of a folder that may hold documents; none is a failure. */
function filesOf(context: Context, folder: string): string[] {
  const files = [...filesBelow(context, folder)];
  if (files.length > 0) return files;
  throw new CliFailure(`there is no YAML or JSON file in ${printable(folder)}`);
}

async function* documents(context: Context, file: string): AsyncGenerator<Manifest> {
  const splitter = new DocumentSplitter();
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const chunks = file === '-' ? context.stdin : inputChunks(context, file, CHUNK);
  for await (const chunk of chunks)
    for (const piece of splitter.push(textOf(decoder, file, chunk))) yield { file, piece };
  splitter.push(textOf(decoder, file));
  for (const piece of splitter.end()) yield { file, piece };
}

function textOf(
  decoder: InstanceType<typeof TextDecoder>,
  file: string,
  chunk?: Uint8Array | string,
): string {
  if (typeof chunk === 'string') return chunk;
  try {
    return decoder.decode(chunk, { stream: chunk !== undefined });
  } catch {
    throw new CliFailure(`${printable(file)}: the file is not UTF-8 text [not-utf8]`);
  }
}

function* filesBelow(context: Context, folder: string): Iterable<string> {
  const entries = readdirSync(resolve(context.cwd, folder), { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && !NOT_ENTERED.test(entry.name)) yield* filesBelow(context, path);
    else if (ENDINGS.test(entry.name) && isFile(context, path)) yield path;
  }
}

function isFile(context: Context, path: string): boolean {
  return statSync(resolve(context.cwd, path), { throwIfNoEntry: false })?.isFile() ?? false;
}

function isFolder(context: Context, name: string): boolean {
  return (
    name !== '-' && (statSync(resolve(context.cwd, name), { throwIfNoEntry: false })?.isDirectory() ?? false)
  );
}
