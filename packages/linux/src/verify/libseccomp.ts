import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { text } from 'node:stream/consumers';
import { KILL_THREAD_WORD } from '@callgate/engine/internal/bpf/action';
import { decodeProgram } from '@callgate/engine/internal/bpf/encode';
import type { Instruction, Program } from '@callgate/engine/internal/bpf/instruction';
import { RET_K } from '@callgate/engine/internal/bpf/opcodes';
import type { Endian } from '@callgate/engine/internal/bpf/seccomp-data';
import type { LibraryPlan } from '@callgate/engine/internal/runtime/library-plan';

/** Asked of Node, because this module may lie in a bundle. */
const WORKER = createRequire(import.meta.url).resolve('@callgate/linux/libseccomp-worker');
const TIME_LIMIT_MS = 20_000;

/** What this machine's libseccomp makes of a plan. */
export type LibraryResult =
  | {
      readonly kind: 'filter';
      readonly release: string;
      readonly program: Program;
      /** Returns that it left in this machine's byte order, though the filter is for the other one; read as meant. */
      readonly swapped: number;
      /** Calls of the plan, as `ABI NAME`, that have no number in the library's tables. */
      readonly lacking: readonly string[];
    }
  /** It refused: errno, the function, and the index of the call that it refused. */
  | {
      readonly kind: 'refused';
      readonly release: string;
      readonly errno: number;
      readonly step: string;
      readonly call?: number;
    }
  | { readonly kind: 'hangs'; readonly seconds: number }
  | { readonly kind: 'crashed'; readonly how: string }
  | { readonly kind: 'missing' };

/** Calls libseccomp as a runtime does, in a process of its own that is killed after some seconds. */
export async function runLibseccomp(
  plan: LibraryPlan,
  target: { readonly foreign: boolean; readonly endian: Endian },
  timeLimitMs = TIME_LIMIT_MS,
): Promise<LibraryResult> {
  const child = spawn(process.execPath, [WORKER], { stdio: ['pipe', 'pipe', 'ignore'] });
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill('SIGKILL');
  }, timeLimitMs);
  const ended = new Promise<string>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(signal ?? `status ${code}`));
  });
  child.stdin.on('error', () => {});
  child.stdin.end(JSON.stringify({ ...plan, foreign: target.foreign }));
  try {
    const [output, how] = await Promise.all([text(child.stdout), ended]);
    if (late) return { kind: 'hangs', seconds: timeLimitMs / 1000 };
    if (output === '' && how.startsWith('status'))
      throw new Error(`callgate's libseccomp worker ended with ${how}`);
    return output === '' ? { kind: 'crashed', how } : parseAnswer(output, plan, target.endian);
  } finally {
    clearTimeout(timer);
    child.kill('SIGKILL');
  }
}

function parseAnswer(output: string, plan: LibraryPlan, endian: Endian): LibraryResult {
  const { missing, release, failed, bytes, lacking } = JSON.parse(output);
  if (missing) return { kind: 'missing' };
  if (failed) return { kind: 'refused', release, ...failed };
  const written = decodeProgram(Buffer.from(bytes, 'base64'), endian)!;
  const program = written.map((i) => inByteOrder(i, plan));
  const swapped = program.filter((i, at) => i !== written[at]).length;
  return { kind: 'filter', release, lacking, program, swapped };
}

/**
 * A filter made for the other byte order is what a machine of that order would make, but for words that the library
 * swapped twice. Those can be told: swapped once more they are one of the plan's actions, which as they stand they are not.
 */
function inByteOrder(instruction: Instruction, plan: LibraryPlan): Instruction {
  if (instruction.code !== RET_K) return instruction;
  const words = new Set([plan.defaultWord, KILL_THREAD_WORD, ...plan.calls.map((call) => call.word)]);
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32LE(instruction.k);
  const k = buffer.readUInt32BE();
  return !words.has(instruction.k) && words.has(k) ? { ...instruction, k } : instruction;
}
