import type { Program } from '../../bpf/instruction.ts';

/** The program as arrays of code, jt, jf and k. */
export function jsonProgram(program: Program): [number, number, number, number][] {
  return program.map(({ code, jt, jf, k }) => [code, jt, jf, k]);
}
