import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const TIME_LIMIT_MS = 30_000;
const MOST_BYTES = 16 * 2 ** 20;

/** Why a program of this machine gave no answer, in its own words. */
export class NoAnswer extends Error {}

/** The lines that a program writes; undefined when it is not installed. Throws NoAnswer when it fails. */
export async function linesOf(command: readonly [string, ...string[]]): Promise<string[] | undefined> {
  const [program, ...args] = command;
  try {
    const { stdout } = await promisify(execFile)(program, args, {
      timeout: TIME_LIMIT_MS,
      maxBuffer: MOST_BYTES,
    });
    return stdout.split('\n').filter(Boolean);
  } catch (fault) {
    const { code, stderr, killed } = fault as NodeJS.ErrnoException & { stderr?: string; killed?: boolean };
    if (code === 'ENOENT') return undefined;
    if (killed) throw new NoAnswer(`${program} did not answer within ${TIME_LIMIT_MS / 1000} s`);
    throw new NoAnswer(stderr?.trim().split('\n').at(-1) || `${program} failed`);
  }
}

/** Does what a program is asked for. Throws NoAnswer when it fails or is not installed. */
export async function haveDone(command: readonly [string, ...string[]]): Promise<void> {
  if ((await linesOf(command)) === undefined) throw new NoAnswer(`${command[0]} is not installed`);
}
