import { mkdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { printable } from '@callgate/engine/internal/report/words';
import type { CarrierFile } from '@callgate/workload/internal/carriers/carrier';
import { writeTar } from '@callgate/workload/internal/carriers/tar';
import { CliFailure, type Context } from '../context.ts';
import { reason, writeFile } from './write-file.ts';
import { writeProgram } from './write-program.ts';

/**
 * Writes files to where a user wants them: one to a file, to stdout or into a folder, several into a folder or a tar archive.
 * Those that others point to come first, so that nobody sees a file that names one which is not there yet.
 */
export function writeFiles(
  context: Context,
  output: string | undefined,
  files: readonly CarrierFile[],
): void {
  const [first] = files;
  const toFolder = output !== undefined && output !== '-' && isFolder(context, output);
  if (files.length === 1 && !toFolder) writeProgram(context, output, first.content);
  else if (output === undefined || output === '-')
    throw new CliFailure(
      `this is ${files.length} files (${names(files)}): give a folder with -o, or FILE.tar`,
    );
  else if (!toFolder && output.endsWith('.tar')) writeFile(context, output, writeTar(files));
  else for (const file of files.toReversed()) writeInto(context, output, file);
}

function names(files: readonly CarrierFile[]): string {
  return files
    .map(({ path }) => path)
    .slice(0, 5)
    .join(', ');
}

function writeInto(context: Context, folder: string, { path, content }: CarrierFile): void {
  const file = join(folder, path);
  try {
    mkdirSync(resolve(context.cwd, dirname(file)), { recursive: true });
  } catch (fault) {
    throw new CliFailure(`cannot make the folder ${printable(dirname(file))}: ${reason(fault)}`);
  }
  writeFile(context, file, content);
}

function isFolder(context: Context, output: string): boolean {
  if (output.endsWith('/')) return true;
  return statSync(resolve(context.cwd, output), { throwIfNoEntry: false })?.isDirectory() ?? false;
}
