import * as op from './opcodes.ts';

/**
 * How an instruction is written: the operand that follows its name. Names and operands are those of the kernel's
 * bpf_asm (Documentation/networking/filter.rst).
 * none; offset: [k]; memory: M[k]; constant: #k; source: #k or x; length: #len; a: the register a; jump: one label;
 * branch: #k or x, and two labels.
 */
export type Operand =
  | 'none'
  | 'offset'
  | 'memory'
  | 'constant'
  | 'source'
  | 'length'
  | 'a'
  | 'jump'
  | 'branch';

export interface Mnemonic {
  readonly name: string;
  readonly operand: Operand;
  readonly code: number;
}

/** Every instruction that seccomp takes; those with a source stand for their form with x too. */
export const MNEMONICS: readonly Mnemonic[] = [
  { name: 'ld', operand: 'offset', code: op.LD_ABS },
  { name: 'ld', operand: 'length', code: op.LD_LEN },
  { name: 'ld', operand: 'constant', code: op.LD_IMM },
  { name: 'ld', operand: 'memory', code: op.LD_MEM },
  { name: 'ldx', operand: 'length', code: op.LDX_LEN },
  { name: 'ldx', operand: 'constant', code: op.LDX_IMM },
  { name: 'ldx', operand: 'memory', code: op.LDX_MEM },
  { name: 'st', operand: 'memory', code: op.ST },
  { name: 'stx', operand: 'memory', code: op.STX },
  { name: 'tax', operand: 'none', code: op.TAX },
  { name: 'txa', operand: 'none', code: op.TXA },
  { name: 'ret', operand: 'constant', code: op.RET_K },
  { name: 'ret', operand: 'a', code: op.RET_A },
  { name: 'neg', operand: 'none', code: op.NEG },
  { name: 'ja', operand: 'jump', code: op.JA },
  { name: 'jeq', operand: 'branch', code: op.JEQ_K },
  { name: 'jgt', operand: 'branch', code: op.JGT_K },
  { name: 'jge', operand: 'branch', code: op.JGE_K },
  { name: 'jset', operand: 'branch', code: op.JSET_K },
  { name: 'add', operand: 'source', code: op.ADD_K },
  { name: 'sub', operand: 'source', code: op.SUB_K },
  { name: 'mul', operand: 'source', code: op.MUL_K },
  { name: 'div', operand: 'source', code: op.DIV_K },
  { name: 'or', operand: 'source', code: op.OR_K },
  { name: 'and', operand: 'source', code: op.AND_K },
  { name: 'lsh', operand: 'source', code: op.LSH_K },
  { name: 'rsh', operand: 'source', code: op.RSH_K },
  { name: 'xor', operand: 'source', code: op.XOR_K },
];

/** Whether the operand may be x instead of a constant. */
export function takesX(operand: Operand): boolean {
  return operand === 'source' || operand === 'branch';
}
