import type { Instruction, Program } from './instruction.ts';
import * as op from './opcodes.ts';

/** Why the kernel would refuse a program, and at which instruction. */
export interface Refusal {
  readonly at: number;
  readonly why: string;
}

/**
 * The kernel's verdict on a program: undefined when seccomp(2) would take it.
 * Mirrors bpf_check_basics_ok, bpf_check_classic and check_load_and_stores of net/core/filter.c, and
 * seccomp_check_filter of kernel/seccomp.c.
 * @example
 * ```js
 * import { assemble, verifyProgram } from '@callgate/engine/bpf';
 * verifyProgram(assemble('ret #0').program); // → undefined
 * verifyProgram(assemble('ld [4]').program).at; // → 0
 * ```
 */
export function verifyProgram(program: Program): Refusal | undefined {
  if (program.length === 0) return { at: 0, why: 'the program is empty' };
  if (program.length > op.MAX_INSTRUCTIONS)
    return { at: op.MAX_INSTRUCTIONS, why: `more than ${op.MAX_INSTRUCTIONS} instructions` };
  for (let at = 0; at < program.length; at++) {
    const why = refuse(program[at], at, program.length);
    if (why) return { at, why };
  }
  const last = program[program.length - 1].code;
  if (last !== op.RET_K && last !== op.RET_A)
    return { at: program.length - 1, why: 'the last instruction is no return' };
  return uninitialisedLoad(program);
}

function refuse({ code, jt, jf, k }: Instruction, at: number, length: number): string | undefined {
  switch (code) {
    case op.LD_ABS:
      if (k >= op.DATA_SIZE) return `load at offset ${k}, behind struct seccomp_data`;
      return k % 4 === 0 ? undefined : `unaligned load at offset ${k}`;
    case op.LD_MEM:
    case op.LDX_MEM:
    case op.ST:
    case op.STX:
      return k < op.MEMORY_WORDS ? undefined : `scratch word ${k} does not exist`;
    case op.DIV_K:
      return k !== 0 ? undefined : 'division by zero';
    case op.LSH_K:
    case op.RSH_K:
      return k < 32 ? undefined : `shift by ${k} bits`;
    case op.JA:
      return k < length - at - 1 ? undefined : `jump to ${at + 1 + k}, behind the end`;
    case op.LD_LEN:
    case op.LDX_LEN:
    case op.LD_IMM:
    case op.LDX_IMM:
    case op.TAX:
    case op.TXA:
    case op.RET_K:
    case op.RET_A:
    case op.NEG:
      return undefined;
  }
  if (op.isConditionalJump(code)) {
    const target = at + 1 + Math.max(jt, jf);
    return target < length ? undefined : `jump to ${target}, behind the end`;
  }
  return op.isAlu(code) ? undefined : `code 0x${code.toString(16)} is not allowed`;
}

/** Scratch memory must be written on every path before it is read; jumps only go forward, so one pass decides. */
function uninitialisedLoad(program: Program): Refusal | undefined {
  const onEntry = new Uint16Array(program.length + 1).fill(0xffff);
  onEntry[0] = 0;
  let written = 0;
  for (let at = 0; at < program.length; at++) {
    const { code, jt, jf, k } = program[at];
    written &= onEntry[at];
    if (code === op.ST || code === op.STX) written |= 1 << k;
    else if (code === op.LD_MEM || code === op.LDX_MEM) {
      if ((written & (1 << k)) === 0) return { at, why: `scratch word ${k} is read before it is written` };
    } else if (code === op.JA) {
      onEntry[at + 1 + k] &= written;
      written = 0xffff;
    } else if (op.isConditionalJump(code)) {
      onEntry[at + 1 + jt] &= written;
      onEntry[at + 1 + jf] &= written;
      written = 0xffff;
    }
  }
  return undefined;
}
