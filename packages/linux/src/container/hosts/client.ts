import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CommandEnd } from '../container-host.ts';
import { Kept } from './kept.ts';

const TIME_LIMIT_MS = 120_000;
/** What a program wrote last comes after its end. */
const LAST_WORDS_MS = 200;
const SIGKILL_STATUS = 128 + constants.signals.SIGKILL;

/** What a client is started with, and how long it may take. */
export interface ClientOptions {
  readonly timeLimitMs?: number;
  readonly env?: NodeJS.ProcessEnv;
  /** It may leave its output to processes that live on: what they write after its end is not waited for. */
  readonly leavesProcesses?: boolean;
  /** When aborted, it is ended as when the time is over. */
  readonly stop?: AbortSignal;
  /** What it has started in its process group is ended with it. */
  readonly wholeGroup?: boolean;
}

/**
 * Runs an engine's client to its end, which comes with SIGKILL when the time is over. It runs in a session of its own, so that a
 * terminal's Ctrl-C does not end it half-way: who started it cleans up. A program that is missing ends with 127, as in a shell.
 */
export function runClient(
  [program, ...args]: readonly [string, ...string[]],
  { timeLimitMs = TIME_LIMIT_MS, env, leavesProcesses = false, stop, wholeGroup = false }: ClientOptions = {},
): Promise<CommandEnd> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const [stdout, stderr] = [new Kept(child.stdout), new Kept(child.stderr)];
    let isCut = false;
    const cut = () => {
      isCut = true;
      if (wholeGroup) killGroup(child);
      else child.kill('SIGKILL');
      // Its children may hold the pipes for as long as they like.
      child.stdout.destroy();
      child.stderr.destroy();
    };
    const timer = setTimeout(cut, timeLimitMs);
    stop?.addEventListener('abort', cut);
    const end = (status: number, said = stderr.bytes()) => {
      clearTimeout(timer);
      stop?.removeEventListener('abort', cut);
      resolve({ status, stdout: stdout.bytes(), stderr: said, ...(isCut && { isCut }) });
    };
    child.on('error', (fault) => end(127, Buffer.from(`${program}: ${fault.message}\n`)));
    child.on('exit', (code: number | null, signal: NodeJS.Signals | null) => {
      const all = Promise.all([stdout.closed, stderr.closed]);
      const read = leavesProcesses && !isCut ? Promise.race([all, sleep(LAST_WORDS_MS)]) : all;
      read.then(() => end(code ?? (signal ? 128 + constants.signals[signal] : SIGKILL_STATUS)));
    });
    if (stop?.aborted) cut();
  });
}

function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

/** The line of a client's output that says what went wrong: the last one that is no hint to read the help. */
export function lastWords({ stdout, stderr, status }: CommandEnd): string {
  const lines = [stdout, stderr]
    .flatMap((bytes) => bytes.toString('utf8').split('\n'))
    .map((line) => line.trim())
    .filter(
      (line) =>
        line !== '' && !/^(See|Run) '|^Error: failed to start containers|^dmesg\(1\) may have/.test(line),
    );
  return (lines.at(-1) ?? `status ${status}, without a word`).slice(0, 500);
}
