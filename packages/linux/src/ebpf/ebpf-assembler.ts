/** eBPF registers: r0 result, r1–r5 arguments (lost in calls), r6–r9 kept, r10 frame pointer. */
export type Register = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10;

/** Helpers by number (linux/bpf.h: ___BPF_FUNC_MAPPER). */
export const HELPER = {
  mapLookup: 1,
  mapUpdate: 2,
  mapDelete: 3,
  time: 5,
  processorId: 8,
  currentComm: 16,
  currentTaskAddress: 35,
  underCgroup: 37,
  readKernel: 113,
  readKernelString: 115,
  currentTask: 158,
} as const;

const PSEUDO_MAP_FD = 1;
const PSEUDO_MAP_VALUE = 2;
const PSEUDO_KFUNC_CALL = 2;

interface EbpfInstruction {
  readonly code: number;
  readonly dst: number;
  readonly src: number;
  readonly offset: number;
  readonly imm: number;
}

/** Writes an eBPF program instruction by instruction; jumps name labels (Documentation/bpf/standardization). */
export class EbpfAssembler {
  private readonly instructions: EbpfInstruction[] = [];
  private readonly labels = new Map<string, number>();
  private readonly jumps = new Map<number, string>();

  label(name: string): this {
    this.labels.set(name, this.instructions.length);
    return this;
  }

  move(dst: Register, src: Register): this {
    return this.emit(0xbf, dst, src);
  }

  set(dst: Register, value: number): this {
    return this.emit(0xb7, dst, 0, 0, value);
  }

  add(dst: Register, value: number): this {
    return this.emit(0x07, dst, 0, 0, value);
  }

  addRegister(dst: Register, src: Register): this {
    return this.emit(0x0f, dst, src);
  }

  and(dst: Register, value: number): this {
    return this.emit(0x57, dst, 0, 0, value);
  }

  andRegister(dst: Register, src: Register): this {
    return this.emit(0x5f, dst, src);
  }

  orRegister(dst: Register, src: Register): this {
    return this.emit(0x4f, dst, src);
  }

  shiftLeft(dst: Register, bits: number): this {
    return this.emit(0x67, dst, 0, 0, bits);
  }

  /** Cuts a register to its low 32 bits. */
  cut(dst: Register): this {
    return this.emit(0xbc, dst, dst);
  }

  load64(dst: Register, src: Register, offset: number): this {
    return this.emit(0x79, dst, src, offset);
  }

  load32(dst: Register, src: Register, offset: number): this {
    return this.emit(0x61, dst, src, offset);
  }

  load8(dst: Register, src: Register, offset: number): this {
    return this.emit(0x71, dst, src, offset);
  }

  store64(dst: Register, offset: number, src: Register): this {
    return this.emit(0x7b, dst, src, offset);
  }

  storeConstant64(dst: Register, offset: number, value: number): this {
    return this.emit(0x7a, dst, 0, offset, value);
  }

  /** Adds one to a 64-bit value, against other CPUs too; uses r1. */
  increment(dst: Register, offset = 0): this {
    return this.set(1, 1).emit(0xdb, dst, 1, offset);
  }

  /** A 64-bit constant. */
  constant64(dst: Register, value: bigint): this {
    return this.emit(0x18, dst, 0, 0, Number(BigInt.asIntN(32, value))).emit(
      0,
      0,
      0,
      0,
      Number(value >> 32n),
    );
  }

  call(helper: number): this {
    return this.emit(0x85, 0, 0, 0, helper);
  }

  /** Calls a function of the kernel's own (a kfunc) by the id of its type. */
  callKernel(id: number): this {
    return this.emit(0x85, 0, PSEUDO_KFUNC_CALL, 0, id);
  }

  map(dst: Register, fd: number): this {
    return this.emit(0x18, dst, PSEUDO_MAP_FD, 0, fd).emit(0);
  }

  /** The address of an array's only element. */
  mapValue(dst: Register, fd: number): this {
    return this.emit(0x18, dst, PSEUDO_MAP_VALUE, 0, fd).emit(0);
  }

  jump(label: string): this {
    return this.jumpTo(0x05, 0, 0, label);
  }

  ifEqual(dst: Register, value: number, label: string): this {
    return this.jumpTo(0x15, dst, value, label);
  }

  ifNotEqual(dst: Register, value: number, label: string): this {
    return this.jumpTo(0x55, dst, value, label);
  }

  /** On the low 32 bits. */
  if32(dst: Register, value: number, label: string): this {
    return this.jumpTo(0x16, dst, value, label);
  }

  /** Unsigned, on all 64 bits. */
  ifAtLeast(dst: Register, value: number, label: string): this {
    return this.jumpTo(0x35, dst, value, label);
  }

  /** Unsigned, on all 64 bits. */
  ifBelow(dst: Register, value: number, label: string): this {
    return this.jumpTo(0xa5, dst, value, label);
  }

  ifSame(a: Register, b: Register, label: string): this {
    return this.jumpTo(0x1d, a, 0, label, b);
  }

  ifNotSame(a: Register, b: Register, label: string): this {
    return this.jumpTo(0x5d, a, 0, label, b);
  }

  /** Unsigned, on all 64 bits. */
  ifAtLeastRegister(a: Register, b: Register, label: string): this {
    return this.jumpTo(0x3d, a, 0, label, b);
  }

  ifAnyBit(dst: Register, mask: number, label: string): this {
    return this.jumpTo(0x45, dst, mask, label);
  }

  exit(): this {
    return this.set(0, 0).emit(0x95);
  }

  /** The program as bpf(2) takes it, little-endian. */
  bytes(): Buffer {
    const bytes = Buffer.alloc(this.instructions.length * 8);
    this.instructions.forEach(({ code, dst, src, offset, imm }, i) => {
      const label = this.jumps.get(i);
      bytes[i * 8] = code;
      bytes[i * 8 + 1] = (src << 4) | dst;
      bytes.writeInt16LE(label === undefined ? offset : this.labels.get(label)! - i - 1, i * 8 + 2);
      bytes.writeInt32LE(imm | 0, i * 8 + 4);
    });
    return bytes;
  }

  private jumpTo(code: number, dst: number, imm: number, label: string, src = 0): this {
    this.jumps.set(this.instructions.length, label);
    return this.emit(code, dst, src, 0, imm);
  }

  private emit(code: number, dst = 0, src = 0, offset = 0, imm = 0): this {
    this.instructions.push({ code, dst, src, offset, imm });
    return this;
  }
}
