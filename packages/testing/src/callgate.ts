import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import type { Context, Output } from '../../cli/src/context.ts';
import { main } from '../../cli/src/main.ts';

const BIN = join(import.meta.dirname, '../../cli/bin/callgate.js');

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

/**
 * Runs the command line in this process, from source. What bin adds is not there: --version, lost output, the end of the
 * process. Signals reach nothing unless `onSignal` passes them on. A program that is run inherits this process's input
 * and output, which a test does not see: that takes spawnCallgate.
 */
export async function callgate(
  args: readonly string[],
  options: Options & { readonly onSignal?: Context['onSignal']; readonly isTTY?: boolean } = {},
): Promise<Result> {
  const stdout = new Collected(options.isTTY);
  const stderr = new Collected(options.isTTY);
  const status = await inTime(args, () =>
    main({
      argv: args,
      script: BIN,
      stdin: piped(options.input ?? ''),
      stdout,
      stderr,
      cwd: resolve(options.cwd ?? '.'),
      env: environment(options),
      onSignal: options.onSignal ?? (() => () => {}),
    }),
  );
  return { status, stdout: stdout.text(), stderr: stderr.text() };
}

/**
 * Runs the built command line in a process of its own, as a user would; an end by a signal or a time limit fails the
 * test with its cause.
 */
export function spawnCallgate(args: readonly string[], options: Options = {}): Result {
  return resultOf(args, start(args, options));
}

function environment({ env }: Options): NodeJS.ProcessEnv {
  return { ...process.env, NO_COLOR: '1', ...env };
}

/** An output whose bytes are kept, as a pipe passes them on, and which are text only in the end. */
class Collected implements Output {
  /** Whether it passes for a terminal. */
  readonly isTTY: boolean;
  private readonly chunks: Buffer[] = [];

  constructor(isTTY = false) {
    this.isTTY = isTTY;
  }

  write(chunk: string | Uint8Array): boolean {
    this.chunks.push(typeof chunk === 'string' ? Buffer.from(chunk) : Buffer.from(chunk));
    return true;
  }

  text(): string {
    return Buffer.concat(this.chunks).toString();
  }
}

/** What a pipe of Linux holds, and so the most that Node reads from it at once. */
const PIPE_BYTES = 64 * 1024;

/** An input that comes in pieces, as through a pipe. */
function piped(input: string): Readable {
  const bytes = Buffer.from(input);
  function* pieces() {
    for (let at = 0; at < bytes.length; at += PIPE_BYTES) yield bytes.subarray(at, at + PIPE_BYTES);
  }
  return Readable.from(pieces(), { objectMode: false });
}

/** Fails when the work takes longer than a command may, be it that it waits or that it computes. */
async function inTime<T>(args: readonly string[], work: () => Promise<T>): Promise<T> {
  const began = performance.now();
  const late = () => new Error(`callgate ${args.join(' ')} took longer than ${TIME_LIMIT_MS} ms`);
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), TIME_LIMIT_MS);
  });
  try {
    const result = await Promise.race([work(), limit]);
    if (performance.now() - began > TIME_LIMIT_MS) throw late();
    return result;
  } finally {
    clearTimeout(timer);
  }
}

function start(args: readonly string[], options: Options) {
  return spawnSync(process.execPath, [BIN, ...args], {
    encoding: 'utf8',
    timeout: TIME_LIMIT_MS,
    ...options,
    env: environment(options),
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
