import { Command, Option } from 'commander';
import type { Verb } from './command.ts';

/** The commander definition of a verb, for parsing, --help and completions. */
export function definition(verb: Verb, summary: string): Command {
  const command = new Command(`callgate ${verb.name}`);
  command.description(`${summary[0].toUpperCase()}${summary.slice(1)}.`);
  command.helpOption('-h, --help', 'show this help').configureHelp({ optionDescription }).exitOverride();
  verb.configure(command);
  if (command.options.every((option) => option.long !== '--quiet'))
    command.addOption(new Option('-q, --quiet', 'say nothing but errors').helpGroup('Options:'));
  return command;
}

/** Our descriptions name the choices themselves, and say of each what it is. */
function optionDescription({ description, defaultValue, negate }: Option): string {
  return defaultValue === undefined || negate ? description : `${description} (default: ${defaultValue})`;
}
