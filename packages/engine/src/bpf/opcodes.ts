/** The classic BPF opcodes that seccomp accepts (linux/bpf_common.h, kernel/seccomp.c: seccomp_check_filter). */
export const LD_ABS = 0x20;
export const LD_LEN = 0x80;
export const LDX_LEN = 0x81;
export const LD_IMM = 0x00;
export const LDX_IMM = 0x01;
export const LD_MEM = 0x60;
export const LDX_MEM = 0x61;
export const ST = 0x02;
export const STX = 0x03;
export const TAX = 0x07;
export const TXA = 0x87;
export const RET_K = 0x06;
export const RET_A = 0x16;
export const NEG = 0x84;
export const JA = 0x05;
export const JEQ_K = 0x15;
export const JGT_K = 0x25;
export const JGE_K = 0x35;
export const JSET_K = 0x45;
export const ADD_K = 0x04;
export const SUB_K = 0x14;
export const MUL_K = 0x24;
export const DIV_K = 0x34;
export const OR_K = 0x44;
export const AND_K = 0x54;
export const LSH_K = 0x64;
export const RSH_K = 0x74;
export const XOR_K = 0xa4;
/** Added to an ALU or jump opcode that takes X instead of K. */
export const SOURCE_X = 0x08;

/** The ALU operations, without their source. */
export const ALU_OPERATIONS: readonly number[] = [
  ADD_K,
  SUB_K,
  MUL_K,
  DIV_K,
  OR_K,
  AND_K,
  LSH_K,
  RSH_K,
  XOR_K,
];

/** Whether the instruction is one of JEQ, JGT, JGE, JSET. */
export function isConditionalJump(code: number): boolean {
  const operation = code & ~SOURCE_X;
  return operation === JEQ_K || operation === JGT_K || operation === JGE_K || operation === JSET_K;
}

/** Whether the instruction computes on A with K or X. */
export function isAlu(code: number): boolean {
  return ALU_OPERATIONS.includes(code & ~SOURCE_X);
}

/** BPF_MEMWORDS: the scratch memory has 16 words. */
export const MEMORY_WORDS = 16;
/** BPF_MAXINSNS. */
export const MAX_INSTRUCTIONS = 4096;
/** sizeof(struct seccomp_data). */
export const DATA_SIZE = 64;
