import { Command } from 'commander';
import type { Verb } from './command.ts';

/** The commander definition of a verb, for parsing, --help and completions. */
export function definition(verb: Verb, summary: string): Command {
  const command = new Command(`callgate ${verb.name}`);
  command.description(`${summary[0].toUpperCase()}${summary.slice(1)}.`);
  command.helpOption('-h, --help', 'show this help').exitOverride();
  verb.configure(command);
  if (command.options.every((option) => option.long !== '--quiet'))
    command.option('-q, --quiet', 'say nothing but errors');
  return command;
}
