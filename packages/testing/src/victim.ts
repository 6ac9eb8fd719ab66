import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ALLOW_WORD, actionWord } from '@callgate/engine/internal/bpf/action';
import { type Instruction, instruction, type Program } from '@callgate/engine/internal/bpf/instruction';
import * as op from '@callgate/engine/internal/bpf/opcodes';
import { numberOf } from '@callgate/engine/internal/syscalls/lookup';
import { launch } from '@callgate/linux/internal/launch/launch';
import { aarch64 } from '@callgate/linux/internal/machine-code/aarch64';
import { arm } from '@callgate/linux/internal/machine-code/arm';
import { executable } from '@callgate/linux/internal/machine-code/elf';
import type { InstructionSet } from '@callgate/linux/internal/machine-code/instruction-set';
import type { MachineProgram, Place, Step, Value } from '@callgate/linux/internal/machine-code/steps';
import { x86 } from '@callgate/linux/internal/machine-code/x86';
import { x86_64 } from '@callgate/linux/internal/machine-code/x86-64';

/** The victim's own calls carry this as sixth argument, so a filter can let them pass and judge everything else. */
const MAGIC = 0x5ca1ab1e;
/** The number of a call and six arguments. */
const ROW_WORDS = 7;

const VICTIMS = { x86_64, x86, aarch64, arm } as const;

export type VictimAbi = keyof typeof VICTIMS;

/** One call for the victim to make. */
export interface VictimCall {
  readonly nr: number;
  readonly args: readonly bigint[];
}

/** An errno of its own for every answer that a filter can give, so that no call is executed. */
class DistinctAnswers {
  private readonly words: number[] = [];

  /** The program with each returned word replaced by an errno, behind a door for the victim's own calls. */
  disguise(program: Program): Instruction[] {
    const disguised = program.map((i) => {
      if (i.code === op.RET_A) throw new Error('a program that returns A cannot be disguised');
      return i.code === op.RET_K
        ? instruction(op.RET_K, actionWord({ kind: 'ERRNO', data: this.errnoOf(i.k) }))
        : i;
    });
    const lastArgumentLow = 16 + 5 * 8;
    return [
      instruction(op.LD_ABS, lastArgumentLow),
      instruction(op.JEQ_K, MAGIC, 0, 1),
      instruction(op.RET_K, ALLOW_WORD),
      ...disguised,
    ];
  }

  /** The word that a result of the victim stands for; undefined when the call was executed. */
  wordOf(result: number): number | undefined {
    return this.words[-result - 1000];
  }

  private errnoOf(word: number): number {
    const known = this.words.indexOf(word);
    return 1000 + (known >= 0 ? known : this.words.push(word) - 1);
  }
}

/** Has the kernel judge calls under a program; the returned words in the order of the calls. */
export async function askKernel(
  program: Program,
  abi: VictimAbi,
  calls: readonly VictimCall[],
): Promise<(number | undefined)[]> {
  const folder = mkdtempSync(join(tmpdir(), 'callgate-victim-'));
  try {
    const answers = new DistinctAnswers();
    const set = VICTIMS[abi];
    writeFileSync(join(folder, 'victim'), executable(victim(set), set), { mode: 0o755 });
    writeFileSync(join(folder, 'in'), encodeCalls(set, calls));
    const files = [openSync(join(folder, 'in'), 'r'), openSync(join(folder, 'out'), 'w')];
    const launched = await launch({
      command: [join(folder, 'victim')],
      env: {},
      filter: answers.disguise(program),
      noNewPrivs: true,
      lastArgument: MAGIC,
      stdio: [files[0], files[1], 'inherit'],
    });
    await launched.go();
    const { status } = await launched.ended;
    for (const fd of files) closeSync(fd);
    if (status !== 0) throw new Error(`the victim ended with ${status}`);
    const out = readFileSync(join(folder, 'out'));
    return calls.map((_, i) => answers.wordOf(out.readInt32LE(i * set.wordSize)));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Makes the calls that it reads from stdin, a row each, and writes what the kernel answered to stdout. */
function victim({ abi, wordSize }: InstructionSet): MachineProgram {
  const call = (name: string, args: readonly Value[], result?: Place): Step => {
    return {
      kind: 'syscall',
      nr: numberOf(abi, name)!,
      args: [...args, 0, 0, 0, 0, 0].slice(0, 5).concat(MAGIC),
      result,
    };
  };
  const row: Value = { address: { block: 'row' } };
  const read: Place = { block: 'read' };
  const word = (i: number): Value => ({ word: { block: 'row', plus: i * wordSize } });
  return {
    steps: [
      { kind: 'label', name: 'next' },
      call('read', [0, row, ROW_WORDS * wordSize], read),
      { kind: 'jump', to: 'make', when: { word: read, is: 'equal', to: ROW_WORDS * wordSize } },
      call('exit_group', [0]),
      { kind: 'fault' },
      { kind: 'label', name: 'make' },
      { kind: 'syscall', nr: word(0), args: [1, 2, 3, 4, 5, 6].map(word), result: { block: 'row' } },
      call('write', [1, row, wordSize]),
      { kind: 'jump', to: 'next' },
    ],
    data: [
      { name: 'row', content: ROW_WORDS * wordSize },
      { name: 'read', content: wordSize },
    ],
  };
}

function encodeCalls({ wordSize }: InstructionSet, calls: readonly VictimCall[]): Buffer {
  const bytes = Buffer.alloc(calls.length * ROW_WORDS * wordSize);
  calls.forEach(({ nr, args }, row) => {
    [BigInt(nr), ...args].forEach((value, i) => {
      const at = (row * ROW_WORDS + i) * wordSize;
      if (wordSize === 8) bytes.writeBigUInt64LE(BigInt.asUintN(64, value), at);
      else bytes.writeUInt32LE(Number(BigInt.asUintN(32, value)), at);
    });
  });
  return bytes;
}
