import type { Command } from 'commander';

/** Which configuration holds: a path, false for none, undefined for the nearest. */
export interface ConfigFlags {
  readonly config?: string | false;
}

export function addConfigFlags(command: Command): void {
  command
    .option(
      '--config <file>',
      'what this house wants of its profiles (default: callgate.config.json or .yaml, here or in a folder above)',
    )
    .option('--no-config', 'judge without it');
}
