import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { CliFailure, type Context } from '../context.ts';

/** Writes a file whole or not at all: a temporary file beside it, flushed, then renamed. "-" is stdout. */
export function writeFile(context: Context, path: string, text: string): void {
  if (path === '-') {
    context.stdout.write(text);
    return;
  }
  const target = resolve(context.cwd, path);
  const temporary = join(dirname(target), `.${basename(target)}.${process.pid}.tmp`);
  try {
    const fd = openSync(temporary, 'wx', 0o644);
    try {
      writeSync(fd, text);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, target);
  } catch (fault) {
    rmSync(temporary, { force: true });
    throw new CliFailure(`cannot write ${path}: ${reason(fault)}`);
  }
}

/** The operating system's reason, in words. */
export function reason(fault: unknown): string {
  const { code } = fault as NodeJS.ErrnoException;
  const known: Readonly<Record<string, string>> = {
    ENOENT: 'no such file or folder',
    EACCES: 'permission denied',
    EPERM: 'operation not permitted',
    EISDIR: 'it is a folder',
    ENOTDIR: 'a part of the path is not a folder',
    ENOSPC: 'the disk is full',
    EROFS: 'the file system is read-only',
    EEXIST: 'it exists already',
  };
  return known[code ?? ''] ?? (fault instanceof Error ? fault.message : String(fault));
}
