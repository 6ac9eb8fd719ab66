import type { Command } from 'commander';
import type { Context } from './context.ts';

/** One verb of the command line; each has a file of its own in commands/. */
export interface Verb {
  readonly name: string;
  /** Adds arguments, options and examples. */
  configure(command: Command): void;
  /** Runs it with what was given; resolves to the exit status. Throws CliFailure. */
  run(context: Context, command: Command): Promise<number>;
}

/** A list of commands that work, for the end of a verb's --help. */
export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ callgate ${line}`).join('\n')}\n`;
}
