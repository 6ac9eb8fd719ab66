import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const BIN = join(import.meta.dirname, '../bin/callgate.js');

export interface Result {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface Options {
  readonly input?: string;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** No command takes half as long, even on a busy machine. */
const TIME_LIMIT_MS = 25_000;

/** Runs the built command line as a user would; an end by a signal or a time limit fails the test with its cause. */
export function callgate(args: readonly string[], options: Options = {}): Result {
  return resultOf(args, start(args, options));
}

function start(args: readonly string[], options: Options) {
  return spawnSync(process.execPath, [BIN, ...args], {
    encoding: 'utf8',
    timeout: TIME_LIMIT_MS,
    ...options,
    env: { ...process.env, NO_COLOR: '1', ...options.env },
  });
}

function resultOf(
  args: readonly string[],
  { status, signal, error, stdout, stderr }: ReturnType<typeof start>,
): Result {
  if (status === null)
    throw new Error(`callgate ${args.join(' ')} ended by ${signal ?? 'no signal'}: ${stderr}`, {
      cause: error,
    });
  return { status, stdout, stderr };
}
