import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { encodeProgram } from '@callgate/engine/bpf/encode';
import type { Program } from '@callgate/engine/bpf/instruction';
import { findProgram } from './find-program.ts';
import { nativeNumber, thisMachine } from './machine.ts';

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
  /** When aborted, the process is killed, whether it is the launcher still or the program. */
  readonly stop?: AbortSignal;
  /** The sixth argument register of that execve, for filters that tell it from others. */
  readonly lastArgument?: number;
}

/** How a program ended: an exit status as a shell gives it, 128 + n for signal n. */
export interface Ending {
  readonly status: number;
  readonly signal?: NodeJS.Signals;
}

/** A step on the way to the program failed; errno 0 where there is none. */
export class LaunchError extends Error {
  readonly step: string;
  readonly errno: number;
  constructor(step: string, errno: number) {
    super(`${step} failed with errno ${errno}`);
    this.step = step;
    this.errno = errno;
  }
}

/** SECCOMP_FILTER_FLAG_* of linux/seccomp.h. */
export const FLAG_LOG = 2;
export const FLAG_SPEC_ALLOW = 4;
export const FLAG_NEW_LISTENER = 8;
export const FLAG_WAIT_KILLABLE_RECV = 32;

const LAUNCHER = fileURLToPath(new URL('../launcher/launcher.js', import.meta.url));
const NODE_FLAGS = ['--jitless', '--no-expose-wasm', '--single-threaded'];

/** A process that stands ready to become the program, and waits. */
export interface Launched {
  readonly pid: number;
  readonly child: ChildProcess;
  /** Lets it install the filter and call execve. Resolves when the program runs; rejects when it could not. */
  go(): Promise<void>;
  readonly ended: Promise<Ending>;
}

/** Starts the launcher and waits until it stands right before its filter; throws NoSuchProgram. */
export async function launch(plan: LaunchPlan): Promise<Launched> {
  const file = findProgram(plan.command[0], plan.env.PATH);
  return start(plan, {
    file,
    argv: plan.command,
    env: Object.entries(plan.env).map(([key, value]) => `${key}=${value ?? ''}`),
    lastArgument: plan.lastArgument,
  });
}

/** Makes one system call under a filter, in a process of its own: its errno, 0 when it succeeded, or the signal that ended it. */
export async function tryCall(
  filter: Program | undefined,
  nr: number,
  args: readonly bigint[],
): Promise<{ errno: number } | { signal: NodeJS.Signals }> {
  const plan: LaunchPlan = { command: ['true'], env: {}, filter, noNewPrivs: true, stdio: 'ignore' };
  const launched = await start(plan, { argv: [], env: [], call: { nr, args: args.map(String) } });
  await launched.go();
  const { status, signal } = await launched.ended;
  return signal ? { signal } : { errno: status };
}

async function start(plan: LaunchPlan, more: object): Promise<Launched> {
  const base = plan.stdio ?? 'inherit';
  const child = spawn(process.execPath, [...NODE_FLAGS, LAUNCHER], {
    stdio: [...(Array.isArray(base) ? base.slice(0, 3) : [base, base, base]), 'pipe'],
    env: {},
    cwd: plan.cwd,
  });
  const kill = () => child.kill('SIGKILL');
  plan.stop?.addEventListener('abort', kill);
  if (plan.stop?.aborted) kill();
  const channel = child.stdio[3] as Duplex;
  const ended = ending(child).finally(() => plan.stop?.removeEventListener('abort', kill));
  // Whoever waits for a line hears of the failure; this promise may have nobody who listens.
  ended.catch(() => {});
  const lines = linesOf(channel);
  channel.write(`${JSON.stringify({ ...wirePlan(plan), ...more })}\n`);
  await Promise.race([expectLine(lines, 'ready'), failedStart(child)]);
  return {
    pid: child.pid!,
    child,
    ended,
    async go() {
      channel.write('go\n');
      // The channel closes by itself when execve succeeds.
      await expectLine(lines, undefined);
    },
  };
}

function wirePlan(plan: LaunchPlan): object {
  return {
    filter:
      plan.filter && Buffer.from(encodeProgram(plan.filter, thisMachine().abi.endian)).toString('base64'),
    flags: plan.flags ?? 0,
    noNewPrivs: plan.noNewPrivs ?? false,
    supervised: ((plan.flags ?? 0) & FLAG_NEW_LISTENER) !== 0,
    openFiles: callersOpenFiles(),
    numbers: Object.fromEntries(
      ['prlimit64', 'prctl', 'seccomp', 'execve', 'exit_group'].map((name) => [name, nativeNumber(name)]),
    ),
  };
}

/** Node raises its soft limit of open files to the hard one; the program gets what the caller has. */
function callersOpenFiles(): [string, string] | undefined {
  try {
    const text = readFileSync(`/proc/${process.ppid}/limits`, 'latin1');
    const match = /^Max open files\s+(\d+)\s+(\d+)/m.exec(text);
    return match ? [match[1], match[2]] : undefined;
  } catch {
    return undefined;
  }
}

async function* linesOf(channel: Duplex): AsyncGenerator<string> {
  let text = '';
  channel.on('error', () => {});
  for await (const chunk of channel) {
    text += chunk;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
      yield text.slice(0, end);
      text = text.slice(end + 1);
    }
  }
}

async function expectLine(lines: AsyncGenerator<string>, wanted: string | undefined): Promise<void> {
  const { value, done } = await lines.next();
  if (wanted === undefined ? done : value === wanted) return;
  const [, step, errno] = /^error (\S+) (\d+)/.exec(value ?? '') ?? [];
  throw new LaunchError(step ?? 'starting the program', Number(errno ?? 0));
}

/** Rejects when the launcher itself cannot be started, for example in a folder that it may not enter. */
async function failedStart(child: ChildProcess): Promise<never> {
  const [fault] = await once(child, 'error');
  throw new LaunchError(`starting the launcher (${(fault as Error).message})`, 0);
}

async function ending(child: ChildProcess): Promise<Ending> {
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  return signal ? { status: 128 + constants.signals[signal], signal } : { status: code ?? 125 };
}
