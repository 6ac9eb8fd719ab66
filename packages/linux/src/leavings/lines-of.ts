import { askProgram, faultIn } from '../container/ask-program.ts';

/** Why a program of this machine gave no answer, in its own words. */
export class NoAnswer extends Error {}

/** The lines that a program writes; undefined when it is not installed. Throws NoAnswer when it fails. */
export async function linesOf([program, ...args]: readonly [string, ...string[]]): Promise<
  string[] | undefined
> {
  const said = await askProgram(program, args);
  if (said && said.status !== 0) throw new NoAnswer(`${program}: ${faultIn(said)}`);
  return said?.stdout.split('\n').filter(Boolean);
}

/** Does what a program is asked for. Throws NoAnswer when it fails or is not installed. */
export async function haveDone(command: readonly [string, ...string[]]): Promise<void> {
  if ((await linesOf(command)) === undefined) throw new NoAnswer(`${command[0]} is not installed`);
}
