import {
  accessSync,
  closeSync,
  constants,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { printable } from '@callgate/engine/internal/report/words';
import { CliFailure, type Context } from '../context.ts';

/**
 * Writes a file whole or not at all: a temporary file beside it, flushed, then renamed. A symbolic link keeps pointing
 * to what is written; a device or pipe is written to as it is. "-" is stdout.
 */
export function writeFile(context: Context, path: string, text: string | Uint8Array): void {
  if (path === '-') {
    context.stdout.write(text);
    return;
  }
  try {
    const target = resolve(context.cwd, path);
    const existing = statSync(target, { throwIfNoEntry: false });
    if (existing && !existing.isFile()) writeFileSync(target, text);
    else replaceFile(existing ? realpathSync(target) : target, text);
  } catch (fault) {
    throw new CliFailure(`cannot write ${printable(path)}: ${reason(fault)}`);
  }
}

/** Says what writeFile would say, before the work whose result is to be written. */
export function expectWritable(context: Context, path: string): void {
  if (path === '-') return;
  const target = resolve(context.cwd, path);
  try {
    const existing = statSync(target, { throwIfNoEntry: false });
    if (existing?.isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' });
    accessSync(existing && !existing.isFile() ? target : dirname(target), constants.W_OK);
  } catch (fault) {
    throw new CliFailure(`cannot write ${printable(path)}: ${reason(fault)}`);
  }
}

function replaceFile(target: string, text: string | Uint8Array): void {
  const temporary = join(dirname(target), `.${basename(target)}.${process.pid}.tmp`);
  const fd = openSync(temporary, 'wx', 0o644);
  try {
    try {
      writeFileSync(fd, text);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, target);
  } catch (fault) {
    rmSync(temporary, { force: true });
    throw fault;
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
