import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const MOST_OUTPUT = 1 << 28;

/** What a command prints; it must end with 0. */
export async function output(command: string, args: readonly string[], cwd?: string): Promise<string> {
  const { stdout } = await promisify(execFile)(command, args, { cwd, maxBuffer: MOST_OUTPUT });
  return stdout;
}
