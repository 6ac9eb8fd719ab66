import type { ChildProcess, StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import type { Duplex } from 'node:stream';
import { encodeProgram } from '@callgate/engine/internal/bpf/encode';
import type { Program } from '@callgate/engine/internal/bpf/instruction';
import { FLAG_NEW_LISTENER } from '@callgate/engine/internal/runtime/filter-flags';
import { thisMachine } from '../machine.ts';
import { DeathSignal } from '../process/death-signal.ts';
import { findProgram } from '../process/find-program.ts';
import { knownFlags } from './known-flags.ts';
import { type LauncherPlan, launcherProgram, READY, STEPS } from './launcher-program.ts';
import { bytesOf, channelBehind, failedStart, LaunchError, startProgram, wordsIn } from './start-program.ts';

/** What to start, and under which filter. */
export interface LaunchPlan {
  readonly command: readonly [string, ...string[]];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly stdio?: StdioOptions;
  /** Installed right before execve(2). */
  readonly filter?: Program;
  /** SECCOMP_FILTER_FLAG_* for the filter. */
  readonly flags?: number;
  /** Sets no_new_privs, without which only CAP_SYS_ADMIN may install a filter. */
  readonly noNewPrivs?: boolean;
  /**
   * The signal that the program gets when callgate itself is gone, as after kill -9; 0: none. Without it: SIGKILL under a
   * filter with a listener, for which somebody must answer, and else none.
   */
  readonly deathSignal?: number;
  /** When aborted, the process is killed, whether it is the launcher still or the program. */
  readonly stop?: AbortSignal;
  /** Without it the program ignores no signal, and has the descriptors 0 to 2 alone. */
  readonly inherited?: Inherited;
  /** The sixth argument register of that execve, for filters that tell it from others. */
  readonly lastArgument?: number;
}

/** What a program gets from whoever started callgate, beside its first three descriptors. */
export interface Inherited {
  /** Numbers of signals that are ignored. */
  readonly ignored: readonly number[];
  /** Descriptors that are open. */
  readonly descriptors: readonly number[];
}

/** How a program ended: an exit status as a shell gives it, 128 + n for signal n. */
export interface Ending {
  readonly status: number;
  /** Its name; of a real-time signal such as SIGRTMIN+6. */
  readonly signal?: string;
}

/** A process that stands ready to become the program, and waits. */
export interface Launched {
  readonly pid: number;
  readonly child: ChildProcess;
  /** Lets it install the filter and call execve. Resolves when the program runs; rejects when it could not. */
  go(): Promise<void>;
  readonly ended: Promise<Ending>;
}

/** Starts the launcher, which then stands right before its filter; throws NoSuchProgram and LaunchError. */
export async function launch(plan: LaunchPlan): Promise<Launched> {
  const file = findProgram(plan.command[0], plan.env.PATH);
  const kept = plan.inherited?.descriptors.filter((fd) => fd > 2) ?? [];
  const channelAt = channelBehind(kept);
  const child = startProgram(
    (nr, wordSize) => launcherProgram(launcherPlan(plan, file, channelAt), nr, wordSize),
    { stdio: plan.stdio, cwd: plan.cwd, kept },
  );
  const kill = () => child.kill('SIGKILL');
  plan.stop?.addEventListener('abort', kill);
  if (plan.stop?.aborted) kill();
  const ended = ending(child).finally(() => plan.stop?.removeEventListener('abort', kill));
  // Whoever waits for the program to run hears of a failure; this promise may have nobody who listens.
  ended.catch(() => {});
  const { pid } = child;
  if (pid === undefined) throw await failedStart(child);
  const channel = child.stdio[channelAt] as Duplex;
  return {
    pid,
    child,
    ended,
    async go() {
      channel.on('error', () => {});
      channel.write('!');
      // The channel closes by itself when execve succeeds.
      const words = told(await bytesOf(channel));
      if (words[0] !== READY)
        throw new LaunchError(STEPS[words[0]] ?? lostStep((await ended).signal), words[1] ?? 0);
      if (words.length > 2) throw new LaunchError(STEPS[words[2]], words[3]);
    },
  };
}

function launcherPlan(plan: LaunchPlan, file: string, channel: number): LauncherPlan {
  const flags = knownFlags(plan.flags ?? 0);
  return {
    file: Buffer.from(file),
    argv: plan.command.map((text) => Buffer.from(text)),
    env: Object.entries(plan.env).map(([key, value]) => Buffer.from(`${key}=${value ?? ''}`)),
    filter: plan.filter && encodeProgram(plan.filter, thisMachine().abi.endian),
    flags,
    noNewPrivs: plan.noNewPrivs ?? false,
    deathSignal: plan.deathSignal ?? ((flags & FLAG_NEW_LISTENER) === 0 ? 0 : constants.signals.SIGKILL),
    openFiles: callersOpenFiles(),
    lastArgument: plan.lastArgument,
    channel,
    ignored: plan.inherited?.ignored ?? [],
    closed: plan.inherited ? STANDARD.filter((fd) => isClosed(plan, fd)) : [],
  };
}

const STANDARD = [0, 1, 2];
/** The first real-time signal that a program may use: libc keeps two for itself. */
const SIGRTMIN = 34;

/** Whether the program would get a descriptor of callgate's that Node has opened in the place of a closed one. */
function isClosed({ stdio = 'inherit', inherited }: LaunchPlan, fd: number): boolean {
  const stream = Array.isArray(stdio) ? stdio[fd] : stdio;
  return stream === 'inherit' && !inherited!.descriptors.includes(fd);
}

/**
 * Node raises its soft limit of open files to the hard one when it starts. The program gets the caller's soft limit, which
 * callgate most likely had itself, and never more than callgate may have.
 */
function callersOpenFiles(): [bigint, bigint] | undefined {
  const [own, callers] = ['self', process.ppid].map(openFilesOf);
  if (!own || !callers) return undefined;
  const [[soft], [, hard]] = [callers, own];
  if (soft > hard) return [hard, hard];
  return [soft, hard];
}

/** RLIMIT_NOFILE of a process, soft and hard; undefined where it may not be read. */
function openFilesOf(process: number | string): [bigint, bigint] | undefined {
  try {
    const text = readFileSync(`/proc/${process}/limits`, 'latin1');
    const match = /^Max open files\s+(\d+)\s+(\d+)/m.exec(text);
    return match ? [BigInt(match[1]), BigInt(match[2])] : undefined;
  } catch {
    return undefined;
  }
}

/** What the launcher says are pairs: a step, and a negative errno. */
function told(bytes: Uint8Array): number[] {
  return wordsIn(bytes).map((word) => Number(word < 0n ? -word : word));
}

/** Before it was ready, the launcher itself was ended; told to stop, that is what was wanted. */
function lostStep(signal: string | undefined): string {
  return `starting the program (the launcher ended by ${signal ?? 'itself'})`;
}

async function ending(child: ChildProcess): Promise<Ending> {
  const death = child.pid === undefined ? undefined : new DeathSignal(child.pid);
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  // Node takes a death by a real-time signal, for which it has no name, for an exit with status 0.
  const number = death?.take() ?? (signal ? constants.signals[signal] : 0);
  if (number === 0) return { status: code ?? 125 };
  return { status: 128 + number, signal: signal ?? `SIGRTMIN+${number - SIGRTMIN}` };
}
