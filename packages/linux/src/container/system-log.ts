import { askProgram } from './ask-program.ts';

/** Writes a line to the machine's log, by logger(1) where that is installed: for what nobody waits for any more. */
export async function tellSystemLog(line: string): Promise<void> {
  await askProgram('logger', ['-t', 'callgate', '--', line]);
}
