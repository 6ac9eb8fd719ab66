import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const BIN = join(import.meta.dirname, '../bin/callgate.js');

export interface Result {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built command line as a user would; an end by a signal or a time limit fails the test with its cause. */
export function callgate(
  args: readonly string[],
  options: { input?: string; cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Result {
  const { status, signal, error, stdout, stderr } = spawnSync(process.execPath, [BIN, ...args], {
    encoding: 'utf8',
    timeout: 60_000,
    ...options,
    env: { ...process.env, NO_COLOR: '1', ...options.env },
  });
  if (status === null)
    throw new Error(`callgate ${args.join(' ')} ended by ${signal ?? 'no signal'}: ${stderr}`, {
      cause: error,
    });
  return { status, stdout, stderr };
}
