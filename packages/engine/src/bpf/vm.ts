import type { Program } from './instruction.ts';
import * as op from './opcodes.ts';

/** struct seccomp_data: nr, arch, then ip and the six arguments as eight-byte values. */
export interface SeccompData {
  readonly nr: number;
  readonly arch: number;
  readonly ip?: bigint;
  readonly args: readonly bigint[];
}

export interface Execution {
  /** What the filter returned: an unsigned 32-bit SECCOMP_RET_* word. */
  readonly word: number;
  /** How many instructions ran. */
  readonly executed: number;
}

/**
 * Runs a program that verifyProgram takes, as the kernel would (classic BPF, 32-bit unsigned arithmetic).
 * @example
 * ```js
 * import { assemble, runProgram } from '@callgate/engine/bpf';
 * const call = { nr: 0, arch: 0xc000003e, args: [0n, 0n, 0n, 0n, 0n, 0n] };
 * runProgram(assemble('ret #0x50001').program, call, 'little').word; // → 0x50001
 * ```
 */
export function runProgram(program: Program, data: SeccompData, endian: 'little' | 'big'): Execution {
  const words = dataWords(data, endian);
  const memory = new Uint32Array(op.MEMORY_WORDS);
  let a = 0;
  let x = 0;
  for (let at = 0, executed = 1; ; at++, executed++) {
    const { code, jt, jf, k } = program[at];
    switch (code) {
      case op.LD_ABS:
        a = words[k >> 2];
        break;
      case op.RET_K:
        return { word: k, executed };
      case op.RET_A:
        return { word: a, executed };
      case op.JA:
        at += k;
        break;
      case op.LD_LEN:
        a = op.DATA_SIZE;
        break;
      case op.LDX_LEN:
        x = op.DATA_SIZE;
        break;
      case op.LD_IMM:
        a = k;
        break;
      case op.LDX_IMM:
        x = k;
        break;
      case op.LD_MEM:
        a = memory[k];
        break;
      case op.LDX_MEM:
        x = memory[k];
        break;
      case op.ST:
        memory[k] = a;
        break;
      case op.STX:
        memory[k] = x;
        break;
      case op.TAX:
        x = a;
        break;
      case op.TXA:
        a = x;
        break;
      case op.NEG:
        a = -a >>> 0;
        break;
      default: {
        const operand = (code & op.SOURCE_X) !== 0 ? x : k;
        if (op.isConditionalJump(code)) at += jumps(code & ~op.SOURCE_X, a, operand) ? jt : jf;
        else {
          // bpf_convert_filter: a division by X = 0 ends the program with 0.
          if ((code & ~op.SOURCE_X) === op.DIV_K && operand === 0) return { word: 0, executed };
          a = compute(code & ~op.SOURCE_X, a, operand);
        }
      }
    }
  }
}

function jumps(operation: number, a: number, operand: number): boolean {
  switch (operation) {
    case op.JEQ_K:
      return a === operand;
    case op.JGT_K:
      return a > operand;
    case op.JGE_K:
      return a >= operand;
    default:
      return (a & operand) !== 0;
  }
}

/** A after an ALU operation; both operands and the result are unsigned 32-bit. Shifts by X count modulo 32, as eBPF's do. */
export function compute(operation: number, a: number, operand: number): number {
  switch (operation) {
    case op.ADD_K:
      return (a + operand) >>> 0;
    case op.SUB_K:
      return (a - operand) >>> 0;
    case op.MUL_K:
      return Math.imul(a, operand) >>> 0;
    case op.DIV_K:
      return Math.floor(a / operand);
    case op.OR_K:
      return (a | operand) >>> 0;
    case op.AND_K:
      return (a & operand) >>> 0;
    case op.LSH_K:
      return (a << (operand & 31)) >>> 0;
    case op.RSH_K:
      return a >>> (operand & 31);
    case op.XOR_K:
      return (a ^ operand) >>> 0;
    default:
      throw new Error(`no ALU operation 0x${operation.toString(16)}`);
  }
}

function dataWords(data: SeccompData, endian: 'little' | 'big'): Uint32Array {
  const words = new Uint32Array(op.DATA_SIZE / 4);
  words[0] = data.nr;
  words[1] = data.arch;
  [data.ip ?? 0n, ...data.args].forEach((value, i) => {
    const low = Number(value & 0xffff_ffffn);
    const high = Number((value >> 32n) & 0xffff_ffffn);
    words[2 + 2 * i] = endian === 'little' ? low : high;
    words[3 + 2 * i] = endian === 'little' ? high : low;
  });
  return words;
}
