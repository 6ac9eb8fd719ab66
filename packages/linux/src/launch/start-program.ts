import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { getSystemErrorName } from 'node:util';
import { errnoWords } from '../libc.ts';
import { nativeNumber, thisMachine } from '../machine.ts';
import { executable } from '../machine-code/elf.ts';
import { instructionSetOf } from '../machine-code/instruction-sets.ts';
import type { MachineProgram } from '../machine-code/steps.ts';
import { lendings } from './executable-file.ts';

/** A step on the way to the program failed; errno 0 where there is none. */
export class LaunchError extends Error {
  readonly step: string;
  readonly errno: number;
  constructor(step: string, errno: number) {
    super(errno === 0 ? `${step} failed` : `${step} failed: ${errnoWords(errno)}`);
    this.step = step;
    this.errno = errno;
  }
}

/** Makes a program for the machine that callgate runs on, whose calls it numbers with `nr`. */
export type ProgramFor = (nr: (name: string) => number, wordSize: 4 | 8) => MachineProgram;

export interface StartOptions {
  readonly stdio?: StdioOptions;
  readonly cwd?: string;
  /** In a session of its own, which no terminal has. */
  readonly detached?: boolean;
  /** Descriptors of this process beyond 2 that are the same there. */
  readonly kept?: readonly number[];
  /** Descriptors of this process that are those behind the channel there. */
  readonly more?: readonly number[];
}

/** The descriptor by which callgate and a program of its own talk, which has these of callgate's, too: the next one. */
export function channelBehind(descriptors: readonly number[] = []): number {
  return Math.max(2, ...descriptors) + 1;
}

/** Starts a program of callgate's own, whose channel is child.stdio[channelBehind(kept)]. Throws LaunchError. */
export function startProgram(
  programFor: ProgramFor,
  { stdio = 'inherit', cwd, detached, kept = [], more = [] }: StartOptions,
): ChildProcess {
  const { abi } = thisMachine();
  const set = instructionSetOf(abi.name);
  if (!set) throw new LaunchError(`starting a program on ${abi.name}, for which callgate writes none,`, 0);
  const file = executable(programFor(nativeNumber, set.wordSize), set);
  const standard = Array.isArray(stdio) ? stdio.slice(0, 3) : [stdio, stdio, stdio];
  const streams = Array.from({ length: channelBehind(kept) }, (_, fd) =>
    fd < 3 ? standard[fd] : kept.includes(fd) ? fd : 'ignore',
  );
  const start = (path: string) => {
    const options = { argv0: 'callgate', env: {}, cwd, detached };
    const child = spawn(path, [], { ...options, stdio: [...streams, 'pipe', ...more] });
    // Somebody must listen, or the failure would end callgate.
    if (child.pid === undefined) child.on('error', () => {});
    return child;
  };
  return firstStarted(file, start);
}

/** The first child that runs, from wherever the executable could be put; else the one whose failure says most. */
function firstStarted(file: Uint8Array, start: (path: string) => ChildProcess): ChildProcess {
  let failed: ChildProcess | undefined;
  let fault: unknown;
  for (const lend of lendings())
    try {
      const child = lend(file, start);
      if (child.pid !== undefined) return child;
      failed ??= child;
    } catch (thrown) {
      fault = thrown;
    }
  if (failed) return failed;
  throw new LaunchError(`starting the launcher (${fault instanceof Error ? fault.message : fault})`, 0);
}

/** The native words in what a program of callgate's own has written. */
export function wordsIn(bytes: Uint8Array): bigint[] {
  const size = instructionSetOf(thisMachine().abi.name)!.wordSize;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: Math.floor(bytes.length / size) }, (_, i) =>
    size === 8 ? view.getBigInt64(8 * i, true) : BigInt(view.getInt32(4 * i, true)),
  );
}

/** Why a program of callgate's own could not be started at all, such as a folder that it may not enter. */
export async function failedStart(child: ChildProcess): Promise<LaunchError> {
  const [fault] = (await once(child, 'error')) as [NodeJS.ErrnoException];
  const name = fault.errno === undefined ? fault.message : getSystemErrorName(fault.errno);
  return new LaunchError(`starting the launcher (${name})`, -(fault.errno ?? 0));
}

/** All that a program says on its channel until it closes it, or is gone: that is no failure of the channel. */
export async function bytesOf(channel: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of channel) chunks.push(chunk);
  } catch (fault) {
    if (!['EPIPE', 'ECONNRESET'].includes((fault as NodeJS.ErrnoException).code ?? '')) throw fault;
  }
  return Buffer.concat(chunks);
}
