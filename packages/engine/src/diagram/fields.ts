/**
 * The bits of struct seccomp_data as variables of a diagram: arch, nr, the six arguments, the instruction pointer;
 * the high bit of each first.
 */
export interface Field {
  /** The variable of its highest bit. */
  readonly first: number;
  readonly bits: number;
}

export const ARCH: Field = { first: 0, bits: 32 };
export const NR: Field = { first: 32, bits: 32 };
export const IP: Field = { first: 448, bits: 64 };
export const VARIABLES = 512;

/** All 64 bits of an argument, 0 to 5. */
export function argument(index: number): Field {
  return { first: 64 + 64 * index, bits: 64 };
}

/** The low or high 32 bits of a 64-bit field. */
export function half(field: Field, which: 'high' | 'low'): Field {
  return { first: field.first + (which === 'low' ? 32 : 0), bits: 32 };
}

/** One call as a filter sees it; arch is AUDIT_ARCH_*. Arguments and ip are unsigned, of 64 bits, and 0 where not given. */
export interface Call {
  readonly arch: number;
  readonly nr: number;
  readonly ip?: bigint;
  readonly args: readonly bigint[];
}

/** The bit of a call that the variable stands for. */
export function bitOf(call: Call, variable: number): number {
  if (variable < 32) return (call.arch >>> (31 - variable)) & 1;
  if (variable < 64) return (call.nr >>> (63 - variable)) & 1;
  const word = variable < IP.first ? (call.args[(variable - 64) >> 6] ?? 0n) : (call.ip ?? 0n);
  return Number((word >> BigInt(63 - (variable & 63))) & 1n);
}
