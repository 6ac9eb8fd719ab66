import { encodeProgram } from '@callgate/engine/internal/bpf/encode';
import { type Instruction, instruction, type Program } from '@callgate/engine/internal/bpf/instruction';
import * as op from '@callgate/engine/internal/bpf/opcodes';

/** Pseudo-random numbers that a seed repeats (mulberry32). */
export class Random {
  private state: number;

  constructor(seed: number) {
    this.state = seed | 0;
  }

  /** An unsigned 32-bit number. */
  word(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  }

  /** 0 to end - 1. */
  below(end: number): number {
    return Math.floor((this.word() / 2 ** 32) * end);
  }

  chance(probability: number): boolean {
    return this.word() < probability * 2 ** 32;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)];
  }
}

/** Constants at which a check or the arithmetic turns; the last rows are offsets of the socket filters' extensions. */
export const EDGES: readonly number[] = [
  ...[0, 1, 2, 3, 4, 15, 16, 17, 30, 31, 32, 33, 59, 60, 61, 62, 63, 64, 65, 68, 254, 255, 256],
  ...[4092, 4093, 4094, 4095, 4096, 4097, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0x80000001],
  ...[0xffe00000, 0xfff00000, 0xfffff000, 0xfffff004, 0xfffff034, 0xfffffff0, 0xfffffffe, 0xffffffff],
];

const CONDITIONS = [op.JEQ_K, op.JGT_K, op.JGE_K, op.JSET_K];
const MEMORY_LOADS = [op.LD_MEM, op.LDX_MEM];
const STORES = [op.ST, op.STX];
const withX = (codes: readonly number[]) => codes.flatMap((code) => [code, code | op.SOURCE_X]);
/** Operations whose results stay simple enough to be followed. */
const BITWISE = withX([op.AND_K, op.OR_K, op.XOR_K, op.ADD_K, op.SUB_K]);
const LEGAL: readonly number[] = [
  ...[op.LD_ABS, op.LD_ABS, op.LD_ABS, op.LD_LEN, op.LDX_LEN, op.LD_IMM, op.LDX_IMM, op.TAX, op.TXA],
  ...[...MEMORY_LOADS, ...STORES, op.NEG, op.JA],
  ...withX([...CONDITIONS, ...op.ALU_OPERATIONS]),
];

/** Opcodes that other users of classic BPF may use, or that are one bit from those that seccomp takes. */
const FORBIDDEN: readonly number[] = [
  // Loads of halves, bytes and eight bytes; relative to X; the IP header's length.
  ...[0x28, 0x30, 0x38, 0x40, 0x48, 0x50, 0xb1, 0xa1, 0x21, 0x61 | 0x08, 0x60 | 0x10],
  // MOD, which sockets may; what eBPF added to ALU and JMP; RET X; JA, NEG and TAX with X.
  ...[0x94, 0x9c, 0xb4, 0xc4, 0xd4, 0x55, 0x5d, 0xa5, 0x85, 0x95, 0x0e, 0x0d, 0x8c, 0x0f, 0x8f, 0x18, 0x63],
];

/** Opcodes with the constants on both sides of what each may take. */
const BRINKS: readonly (readonly [code: number, k: number])[] = [
  ...[op.LSH_K, op.RSH_K].flatMap((code) => [0, 31, 32, 33].map((k) => [code, k] as const)),
  ...[...MEMORY_LOADS, ...STORES].flatMap((code) => [15, 16].map((k) => [code, k] as const)),
  ...[0, 1, 0xffffffff].map((k) => [op.DIV_K, k] as const),
  ...[0, 1, 2, 58, 60, 62, 63, 64, 68].map((k) => [op.LD_ABS, k] as const),
];

/** Where programs come from: each kind aims at other checks. */
export type Kind = 'legal' | 'deciding' | 'spoiled' | 'anything' | 'scratch' | 'jumps' | 'real' | 'long';

/** One blob in LONG_EVERY is about 4096 instructions long, because such a one costs the kernel milliseconds. */
const LONG_EVERY = 300;
const KINDS: readonly Kind[] = [
  'legal',
  'deciding',
  'spoiled',
  'anything',
  'scratch',
  'scratch',
  'jumps',
  'real',
  'real',
];

/** Random programs, about as many good as bad; `real` are filters to mutate. */
export function* randomPrograms(
  seed: number,
  count: number,
  real: readonly Program[],
): Generator<{ readonly kind: Kind; readonly program: Program }> {
  const random = new Random(seed);
  const makers = {
    legal: () => legalOfAnyLength(random),
    deciding: () => deciding(random),
    spoiled: () => mutated(random, legalOfAnyLength(random)),
    anything: () => anything(random),
    scratch: () => scratch(random),
    jumps: () => jumps(random),
    real: () => mutatedFilter(random, real),
    long: () => long(random),
  } satisfies Record<Kind, () => Program>;
  for (let i = 0; i < count; i++) {
    const kind = i % LONG_EVERY === 0 ? 'long' : KINDS[i % KINDS.length];
    yield { kind, program: makers[kind]() };
  }
}

/** A constant of any size, often one at an edge. */
function constant(random: Random): number {
  return random.chance(0.5) ? random.pick(EDGES) : random.word() >>> random.below(32);
}

const legalOfAnyLength = (random: Random) => legal(random, 1 + random.below(random.pick([4, 16, 60])));

/** A program that keeps every rule. */
function legal(random: Random, length: number): Instruction[] {
  const stores = length > 4 && random.chance(0.5) ? 3 : 0;
  const one = (at: number) => {
    if (at === 0 && length > 1) return instruction(op.LD_ABS, 4 * random.below(16));
    if (at <= stores && at < length - 1) return instruction(random.pick(STORES), at - 1);
    return legalInstruction(random, length - at - 1, stores);
  };
  return Array.from({ length }, (_, at) => one(at));
}

/** A program that keeps every rule, and whose answer mostly depends on the call: loads, tests and returns by turns. */
function deciding(random: Random): Program {
  const length = 4 + random.below(24);
  const one = (behind: number) => {
    const turn = random.below(20);
    const reach = Math.min(behind, 4);
    if (turn < 6) return instruction(op.LD_ABS, 4 * random.below(4));
    if (turn < 8) return instruction(op.LDX_IMM, constant(random));
    if (turn < 10) return instruction(random.pick(BITWISE), constant(random));
    if (turn < 11) return instruction(random.pick([op.TAX, op.NEG]));
    if (turn < 14) return ret(random);
    const code = random.pick(withX(CONDITIONS));
    return instruction(code, constant(random), random.below(reach), random.below(reach));
  };
  return Array.from({ length }, (_, at) => {
    if (at === 0) return instruction(op.LD_ABS, 4 * random.below(4));
    return at < length - 1 ? one(length - at - 1) : ret(random);
  });
}

/** @param behind how many instructions follow. @param words how many words of the scratch memory were written. */
function legalInstruction(random: Random, behind: number, words: number): Instruction {
  if (behind === 0 || random.chance(0.03)) return ret(random);
  const code = random.pick(LEGAL);
  if (words === 0 && MEMORY_LOADS.includes(code)) return instruction(op.LD_LEN);
  // Distances and constants that an instruction has no use for may be anything.
  const reach = op.isConditionalJump(code) ? Math.min(behind, 256) : 256;
  const k = legalConstant(random, code, behind, words);
  return instruction(code, k, random.below(reach), random.below(reach));
}

function legalConstant(random: Random, code: number, behind: number, words: number): number {
  switch (code) {
    case op.LD_ABS:
      return 4 * random.below(op.DATA_SIZE / 4);
    case op.LD_MEM:
    case op.LDX_MEM:
      return random.below(words);
    case op.ST:
    case op.STX:
      return random.below(op.MEMORY_WORDS);
    case op.LSH_K:
    case op.RSH_K:
      return random.below(32);
    case op.DIV_K:
      return constant(random) || 1;
    case op.JA:
      return random.below(behind);
    default:
      return constant(random);
  }
}

function ret(random: Random): Instruction {
  // What returns A mostly has too many answers to be followed further.
  const code = random.chance(0.2) ? op.RET_A : op.RET_K;
  return instruction(code, constant(random), random.below(256), random.below(256));
}

/** One instruction of any opcode, or at its brink, among a few legal ones, or nothing but such instructions, or nothing at all. */
function anything(random: Random): Program {
  const wild = () =>
    random.chance(0.4)
      ? instruction(...random.pick(BRINKS))
      : instruction(wildCode(random), constant(random), random.below(4), random.below(4));
  if (random.chance(0.1)) return Array.from({ length: random.below(8) }, wild);
  return legal(random, 2 + random.below(6)).toSpliced(random.below(3), 1, wild());
}

function wildCode(random: Random): number {
  return random.pick([
    () => random.pick(LEGAL),
    () => random.pick(FORBIDDEN),
    () => random.below(0x100),
    () => random.pick(LEGAL) | (1 << (8 + random.below(8))),
  ])();
}

/** Stores and loads of few words of the scratch memory on both sides of branches. */
function scratch(random: Random): Program {
  const length = 3 + random.below(20);
  const words = 1 + random.below(3);
  const from = random.pick([0, 7, op.MEMORY_WORDS - words]);
  const one = (behind: number) => {
    const reach = Math.min(behind, 5);
    const turn = random.below(12);
    if (turn < 4) return instruction(random.pick(STORES), from + random.below(words));
    if (turn < 6) return instruction(random.pick(MEMORY_LOADS), from + random.below(words));
    if (turn < 9)
      return instruction(random.pick(CONDITIONS), constant(random), random.below(reach), random.below(reach));
    if (turn < 10) return instruction(op.JA, random.below(reach));
    return random.chance(0.3) ? ret(random) : instruction(op.LD_ABS, 4 * random.below(16));
  };
  return Array.from({ length }, (_, at) => {
    if (at === 0) return instruction(op.LD_ABS, 4 * random.below(16));
    return at < length - 1 ? one(length - at - 1) : ret(random);
  });
}

/** A jump or two that end about the program's end, or as far as they can. */
function jumps(random: Random): Program {
  const program = legal(random, 2 + random.below(random.pick([6, 40, 300])));
  for (let n = 1 + random.below(2); n > 0; n--) {
    const at = random.below(program.length - 1);
    const behind = program.length - at - 1;
    const distance = () => random.pick([0, behind - 2, behind - 1, behind - 1, behind, behind + 1, 255]);
    const byte = () => Math.min(Math.max(distance(), 0), 255);
    program[at] = random.chance(0.4)
      ? instruction(op.JA, random.chance(0.2) ? constant(random) : distance())
      : instruction(random.pick(withX(CONDITIONS)), constant(random), byte(), byte());
  }
  return program;
}

/** A program about as long as they may be. */
function long(random: Random): Program {
  const length = op.MAX_INSTRUCTIONS - 1 + random.below(3);
  const program = legal(random, length);
  if (random.chance(0.3)) program[0] = instruction(op.JA, length - 3 + random.below(3));
  return random.chance(0.2) ? mutated(random, program) : program;
}

/** A real filter or its end (a program of its own, since jumps only go forward) behind a load, mutated or not. */
function mutatedFilter(random: Random, real: readonly Program[]): Program {
  const filter = random.pick(real);
  const start = random.chance(0.2) ? 0 : Math.max(0, filter.length - 2 - random.below(120));
  let program: Program = [instruction(op.LD_ABS, 4 * random.below(16)), ...filter.slice(start)];
  for (let n = random.below(3); n > 0; n--) program = mutated(random, program, random.pick(real));
  return program;
}

type Mutation = (random: Random, program: Program, other: Program) => Program;

const replaced = (program: Program, at: number, part: Partial<Instruction>): Program =>
  program.with(at, { ...program[at], ...part });

const MUTATIONS: readonly Mutation[] = [
  (r, p) => replaced(p, r.below(p.length), { code: wildCode(r) }),
  (r, p) => replaced(p, r.below(p.length), { k: r.pick(EDGES) }),
  (r, p) => replaced(p, r.below(p.length), { jt: r.below(r.pick([4, 256])) }),
  (r, p) => replaced(p, r.below(p.length), { jf: r.below(r.pick([4, 256])) }),
  (r, p) => bytewise(p, (bytes) => flipBit(r, bytes)),
  (r, p) => bytewise(p, (bytes) => bytes.fill(r.below(256), r.below(bytes.length), r.below(bytes.length))),
  // Everything behind the gap lies askew.
  (r, p) => bytewise(p, (bytes) => withoutBytes(bytes, r.below(bytes.length), 1 + r.below(8))),
  (r, p) => p.slice(0, r.below(p.length + 1)),
  (r, p) => p.toSpliced(r.below(p.length), 1),
  (r, p) => p.toSpliced(r.below(p.length), 0, r.pick(p)),
  (r, p, other) => [...p.slice(0, r.below(p.length)), ...other.slice(-1 - r.below(20))],
];

function mutated(random: Random, program: Program, other: Program = program): Program {
  return program.length === 0 ? program : random.pick(MUTATIONS)(random, program, other);
}

function flipBit(random: Random, bytes: Uint8Array): Uint8Array {
  bytes[random.below(bytes.length)] ^= 1 << random.below(8);
  return bytes;
}

function withoutBytes(bytes: Uint8Array, at: number, count: number): Uint8Array {
  return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + count)]);
}

/** A change of the program's bytes; what is left of a torn last instruction is dropped. */
function bytewise(program: Program, change: (bytes: Uint8Array) => Uint8Array): Program {
  const bytes = change(encodeProgram(program, 'little'));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: bytes.length >> 3 }, (_, i) => ({
    code: view.getUint16(8 * i, true),
    jt: view.getUint8(8 * i + 2),
    jf: view.getUint8(8 * i + 3),
    k: view.getUint32(8 * i + 4, true),
  }));
}
