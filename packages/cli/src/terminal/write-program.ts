import { CliFailure, type Context } from '../context.ts';
import { writeFile } from './write-file.ts';

/** Writes a filter to a file or stdout; bytes never to a terminal. */
export function writeProgram(context: Context, path: string | undefined, content: string | Uint8Array): void {
  if (path !== undefined && path !== '-') writeFile(context, path, content);
  else if (typeof content !== 'string' && context.stdout.isTTY)
    throw new CliFailure('this format is bytes, not text: give a file with -o, or a pipe');
  else context.stdout.write(content);
}
