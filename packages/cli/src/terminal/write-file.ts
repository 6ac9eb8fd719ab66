import { accessSync, constants, mkdtempSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { printable } from '@callgate/engine/internal/report/words';
import { followOwnLinks, replaceFile } from '@callgate/linux/internal/files/replace-file';
import { CliFailure, type Context } from '../context.ts';

/** Writes a file whole or not at all, as replaceFile does; "-" is stdout. */
export function writeFile(context: Context, path: string, text: string | Uint8Array): void {
  try {
    write(context, path, text);
  } catch (fault) {
    throw new CliFailure(`cannot write ${printable(path)}: ${reason(fault)}`);
  }
}

/** The same for what took long to make: when it cannot be written, it is kept in a new folder for temporary files. */
export function writeResult(context: Context, path: string, text: string | Uint8Array): void {
  try {
    write(context, path, text);
  } catch (fault) {
    const kept = keep(basename(path), text);
    const where = kept === undefined ? '' : `; it is kept in ${printable(kept)}`;
    throw new CliFailure(`cannot write ${printable(path)}: ${reason(fault)}${where}`);
  }
}

function write(context: Context, path: string, text: string | Uint8Array): void {
  if (path === '-') context.stdout.write(text);
  else replaceFile(resolve(context.cwd, path), text);
}

function keep(name: string, text: string | Uint8Array): string | undefined {
  try {
    const file = join(mkdtempSync(join(tmpdir(), 'callgate-')), name);
    writeFileSync(file, text, { flag: 'wx', mode: 0o600 });
    return file;
  } catch {
    return undefined;
  }
}

/** Says what writeFile would say, before the work whose result is to be written. */
export function expectWritable(context: Context, path: string): void {
  if (path === '-') return;
  try {
    const target = followOwnLinks(resolve(context.cwd, path));
    const existing = statSync(target, { throwIfNoEntry: false });
    if (existing?.isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' });
    accessSync(existing && !existing.isFile() ? target : dirname(target), constants.W_OK);
  } catch (fault) {
    throw new CliFailure(`cannot write ${printable(path)}: ${reason(fault)}`);
  }
}

/** The operating system's reason, in words. */
export function reason(fault: unknown): string {
  const { code } = fault as NodeJS.ErrnoException;
  if (fault instanceof Error && !(fault as NodeJS.ErrnoException).syscall && fault.message)
    return fault.message;
  const known: Readonly<Record<string, string>> = {
    ENOENT: 'no such file or folder',
    EACCES: 'permission denied',
    EPERM: 'operation not permitted',
    EISDIR: 'it is a folder',
    ENOTDIR: 'a part of the path is not a folder',
    ENOSPC: 'the disk is full',
    EROFS: 'the file system is read-only',
    EEXIST: 'it exists already',
    ENXIO: 'it is a pipe or socket that nobody reads',
    ENAMETOOLONG: 'the name is too long',
    ELOOP: 'too many symbolic links',
  };
  return known[code ?? ''] ?? code ?? 'it cannot be done';
}
