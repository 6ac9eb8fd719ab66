import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';

/** Runs a command for the person at the terminal, and ends as it does. */
export async function foreground(command: () => Promise<readonly string[]>): Promise<void> {
  // Ctrl-C is the command's to answer.
  process.on('SIGINT', () => {});
  try {
    const [program, ...args] = await command();
    const child = spawn(program!, args, { stdio: 'inherit' });
    const [status, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    process.exitCode = status ?? 128 + constants.signals[signal!];
  } catch (fault) {
    console.error(fault instanceof Error ? fault.message : fault);
    process.exitCode = 1;
  }
}
