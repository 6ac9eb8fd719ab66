import { execFile, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { membersFile } from './cgroups.ts';
import { Hopeless } from './until.ts';

/** Aborted when nobody waits for the cluster any more; then nothing more is started. */
export const interruption = new AbortController();

const MOST_OUTPUT = 1 << 26;
const LAST_LINES = 10;

interface Surroundings {
  readonly cwd?: string;
  /** Beside those that this process has. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

/** What a command prints; it must end with 0. */
export async function runTool(command: readonly string[], around: Surroundings = {}): Promise<string> {
  const { cwd, env, input = '' } = around;
  const [program, ...args] = command;
  const running = promisify(execFile)(program!, args, {
    cwd,
    env: { ...process.env, ...env },
    maxBuffer: MOST_OUTPUT,
    signal: interruption.signal,
  });
  running.child.stdin?.on('error', () => {}).end(input);
  return (await running).stdout;
}

/** A program of the cluster that goes on when this process has ended. */
export interface Program {
  readonly name: string;
  readonly pid: number;
  readonly log: string;
  /** How it ended, should it have. */
  ending(): string | undefined;
}

/** Starts a member of the cluster in a session of its own. */
export function startProgram(name: string, command: readonly string[], log: string): Program {
  interruption.signal.throwIfAborted();
  const [program, ...args] = asMember(command);
  const file = openSync(log, 'a');
  const child = spawn(program!, args, { detached: true, stdio: ['ignore', file, file] });
  closeSync(file);
  child.unref();
  let ending: string | undefined;
  child.on('error', (fault) => {
    ending = fault.message;
  });
  child.on('exit', (status, signal) => {
    ending = `it ended with ${signal ?? status}`;
  });
  return { name, pid: child.pid ?? 0, log, ending: () => ending };
}

/** Throws when one of the programs has ended, with its last words. */
export function refuseEnded(programs: readonly Program[]): void {
  const ended = programs.find((program) => program.ending());
  if (!ended) return;
  const words = readFileSync(ended.log, 'utf8').trimEnd().split('\n').slice(-LAST_LINES);
  throw new Hopeless([`${ended.name}: ${ended.ending()}`, ...words].join('\n  '));
}

/** The command, as a member of the cluster: it ends with it at the latest. */
export function asMember(command: readonly string[]): string[] {
  return ['sh', '-euc', 'echo $$ > "$0"; exec "$@"', membersFile(), ...command];
}
