import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { ALLOW_WORD } from '@callgate/engine/internal/bpf/action';
import { encodeProgram } from '@callgate/engine/internal/bpf/encode';
import { instruction, type Program } from '@callgate/engine/internal/bpf/instruction';
import * as op from '@callgate/engine/internal/bpf/opcodes';
import { thisMachine } from '@callgate/linux/internal/machine';

const WORKER = fileURLToPath(new URL('./kernel-verifier-worker.ts', import.meta.url));
const NODE_FLAGS = ['--import', 'tsx', '--conditions', '@callgate/source'];
/** The field that struct sock_fprog counts instructions in has 16 bits; a longer program would be cut silently. */
const MAX_COUNT = 0xffff;
/** Only a child that hangs needs longer. */
const TIMEOUT_MS = 300_000;

/** Whether the kernel takes each program, without attaching it; needs Linux 5.0, no root. */
export function kernelVerdicts(programs: readonly Program[]): Promise<boolean[]> {
  return ask('probe', programs);
}

/**
 * Whether the kernel takes each program and attaches it. Behind a return of their own, which the verifier does not
 * follow, so that no program does anything; all together they must fit into one process (32768 instructions).
 */
export function attachVerdicts(programs: readonly Program[]): Promise<boolean[]> {
  const harmless = instruction(op.RET_K, ALLOW_WORD);
  return ask(
    'attach',
    programs.map((program) => [harmless, ...program]),
  );
}

async function ask(mode: 'probe' | 'attach', programs: readonly Program[]): Promise<boolean[]> {
  const child = spawn(process.execPath, [...NODE_FLAGS, WORKER, mode], {
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
  });
  try {
    const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
    // A child that ends early closes the pipe; its status says why.
    child.stdin.on('error', () => {});
    child.stdin.end(encode(programs));
    const [answers, complaint, [status, signal]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      ended,
    ]);
    if (status !== 0) throw new Error(`the kernel's verdicts: ${signal ?? status}\n${complaint}`);
    if (answers.length !== programs.length)
      throw new Error(`${answers.length} verdicts on ${programs.length} programs`);
    return [...answers].map((answer) => answer === '1');
  } finally {
    child.kill('SIGKILL');
  }
}

function encode(programs: readonly Program[]): Buffer {
  const { endian } = thisMachine().abi;
  return Buffer.concat(
    programs.flatMap((program) => {
      if (program.length > MAX_COUNT) throw new RangeError(`a program of ${program.length} instructions`);
      const count = Buffer.alloc(4);
      count.writeUInt32LE(program.length);
      return [count, encodeProgram(program, endian)];
    }),
  );
}
