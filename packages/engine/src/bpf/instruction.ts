/** One struct sock_filter: 16-bit code, two 8-bit jump distances, 32-bit constant. */
export interface Instruction {
  readonly code: number;
  readonly jt: number;
  readonly jf: number;
  readonly k: number;
}

/** A classic BPF program as seccomp(2) takes it, for machines of one byte order. */
export type Program = readonly Instruction[];

/** The instruction with these parts. */
export function instruction(code: number, k = 0, jt = 0, jf = 0): Instruction {
  return { code, jt, jf, k: k >>> 0 };
}
