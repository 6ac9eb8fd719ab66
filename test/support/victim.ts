import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Instruction, instruction, type Program } from '@callgate/engine/bpf/instruction';
import * as op from '@callgate/engine/bpf/opcodes';
import { ALLOW_WORD, actionWord } from '@callgate/engine/policy/action';
import { launch } from '@callgate/linux/launch';

/**
 * A process that makes the system calls it reads from stdin and writes what the kernel answered to stdout. Its own
 * calls carry MAGIC as sixth argument, so a filter can let them pass and judge everything else.
 */
const MAGIC = 0x5ca1ab1e;
const LOAD_ADDRESS = 0x400000;
const DATA_ADDRESS = 0x401000;

interface VictimKind {
  readonly elfClass: 1 | 2;
  readonly machine: number;
  readonly wordSize: 4 | 8;
  /** Position-dependent machine code for LOAD_ADDRESS + headers; reads rows of seven words: number, six arguments. */
  readonly code: string;
}

const VICTIMS: Readonly<Record<'x86_64' | 'x86', VictimKind>> = {
  x86_64: {
    elfClass: 2,
    machine: 62,
    wordSize: 8,
    // read(0, data, 56, …, MAGIC); stop unless 56; load rax rdi rsi rdx r10 r8 r9; syscall;
    // write(1, &result, 8, …, MAGIC); again. In the end exit_group(0, …, MAGIC).
    code:
      '31c031ffbe00104000ba380000004531d24531c041b91eaba15c0f0583f8387543bb00104000488b03488b7b08488b7310488b5318' +
      '4c8b53204c8b43284c8b4b300f0548894340b801000000bf01000000488d7340ba0800000041b91eaba15c0f05eb9cb8e700000031' +
      'ff41b91eaba15c0f05',
  },
  x86: {
    elfClass: 1,
    machine: 3,
    wordSize: 4,
    // The same by int 0x80, 28 bytes a row: eax ebx ecx edx esi edi ebp.
    code:
      'b80300000031dbb900104000ba1c000000bd1eaba15ccd8083f81c754da1001040008b1d041040008b0d081040008b150c1040008b' +
      '35101040008b3d141040008b2d18104000cd80a340104000b804000000bb01000000b940104000ba04000000bd1eaba15ccd80eb96' +
      'b8fc00000031dbbd1eaba15ccd80',
  },
};

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
    const kind = VICTIMS[abi];
    writeFileSync(join(folder, 'victim'), elf(kind), { mode: 0o755 });
    writeFileSync(join(folder, 'in'), encodeCalls(kind, calls));
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
    return calls.map((_, i) => answers.wordOf(out.readInt32LE(i * kind.wordSize)));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function encodeCalls({ wordSize }: VictimKind, calls: readonly VictimCall[]): Buffer {
  const bytes = Buffer.alloc(calls.length * 7 * wordSize);
  calls.forEach(({ nr, args }, row) => {
    [BigInt(nr), ...args].forEach((value, i) => {
      const at = (row * 7 + i) * wordSize;
      if (wordSize === 8) bytes.writeBigUInt64LE(BigInt.asUintN(64, value), at);
      else bytes.writeUInt32LE(Number(BigInt.asUintN(32, value)), at);
    });
  });
  return bytes;
}

/** A static executable: the code at LOAD_ADDRESS behind its headers, and a page of data at DATA_ADDRESS. */
function elf({ elfClass, machine, code }: VictimKind): Buffer {
  const wide = elfClass === 2;
  const [headerSize, segmentSize] = wide ? [64, 56] : [52, 32];
  const text = Buffer.from(code, 'hex');
  const start = headerSize + 2 * segmentSize;
  const file = Buffer.alloc(start + text.length);
  const word = (value: number, at: number) =>
    wide ? file.writeBigUInt64LE(BigInt(value), at) : file.writeUInt32LE(value, at);
  file.write('\x7fELF', 'latin1');
  file.set([elfClass, 1, 1], 4);
  file.writeUInt16LE(2, 16);
  file.writeUInt16LE(machine, 18);
  file.writeUInt32LE(1, 20);
  word(LOAD_ADDRESS + start, 24);
  word(headerSize, wide ? 32 : 28);
  file.writeUInt16LE(headerSize, wide ? 52 : 40);
  file.writeUInt16LE(segmentSize, wide ? 54 : 42);
  file.writeUInt16LE(2, wide ? 56 : 44);
  const segment = (at: number, flags: number, address: number, fileSize: number, memorySize: number) => {
    const [offsetAt, addressAt, sizeAt, flagsAt] = wide ? [8, 16, 32, 4] : [4, 8, 16, 24];
    const size = wide ? 8 : 4;
    file.writeUInt32LE(1, at);
    file.writeUInt32LE(flags, at + flagsAt);
    word(0, at + offsetAt);
    word(address, at + addressAt);
    word(address, at + addressAt + size);
    word(fileSize, at + sizeAt);
    word(memorySize, at + sizeAt + size);
    word(0x1000, at + (wide ? 48 : 28));
  };
  const READ = 4;
  const WRITE = 2;
  const EXECUTE = 1;
  segment(headerSize, READ | EXECUTE, LOAD_ADDRESS, file.length, file.length);
  segment(headerSize + segmentSize, READ | WRITE, DATA_ADDRESS, 0, 0x1000);
  text.copy(file, start);
  return file;
}
