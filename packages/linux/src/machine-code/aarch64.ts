import type { Addresses, InstructionSet } from './instruction-set.ts';
import { FIRST_LETTER, type Place, SPELLED_SHIFTS, type Step, type Value } from './steps.ts';

/** The number of the call is in x8, arguments in x0 to x5, the result in x0 (man 2 syscall). */
const NUMBER = 8;
/** Registers that steps use and nobody relies on. */
const ADDRESS = 9;
const VALUE = 10;
const OTHER = 11;

const SVC = 0xd4000001;
/** udf #0, brk #0 */
const UDF = 0;
const BRK = 0xd4200000;
/** Conditions of b.cond. */
const CONDITIONS = { equal: 0x0, different: 0x1, less: 0xb } as const;

/** 64-bit Arm, little-endian. Arm's Architecture Reference Manual, C6, for the encodings. */
export const aarch64: InstructionSet = {
  abi: 'aarch64',
  elfClass: 2,
  machine: 183,
  wordSize: 8,
  encode: (step, at, addresses) => new Uint8Array(Uint32Array.from(encode(step, at, addresses)).buffer),
};

function encode(step: Step, at: number, addresses: Addresses): number[] {
  switch (step.kind) {
    case 'label':
      return [];
    case 'fault':
      return fault(step.as);
    case 'spell':
      return SPELLED_SHIFTS.flatMap((shift, i) => letter(step.word, shift, step.to, i, addresses));
    case 'store':
      return [...load(VALUE, step.value, addresses), ...store(VALUE, step.to, addresses)];
    case 'syscall':
      return [
        ...step.args.flatMap((value, i) => load(i, value, addresses)),
        ...load(NUMBER, step.nr, addresses),
        SVC,
        ...(step.result ? store(0, step.result, addresses) : []),
      ];
    case 'jump': {
      if (!step.when) return [0x14000000 | distance(at, addresses.label(step.to), 26)];
      const { word, is, to } = step.when;
      const compare = [
        ...load(VALUE, { word }, addresses),
        ...load(OTHER, to, addresses),
        // cmp x10, x11
        0xeb00001f | (OTHER << 16) | (VALUE << 5),
      ];
      const jumps = at + 4 * compare.length;
      return [...compare, 0x54000000 | (distance(jumps, addresses.label(step.to), 19) << 5) | CONDITIONS[is]];
    }
  }
}

function fault(as: 'trap' | 'access' | undefined): number[] {
  if (as === undefined) return [UDF];
  // ldr x10, [x9] where nothing is mapped.
  return as === 'trap' ? [BRK] : [...constant(ADDRESS, 0n), 0xf9400000 | (ADDRESS << 5) | VALUE];
}

/** ldr x10, [word]; lsr w10, w10, shift; and w10, w10, 15; add w10, w10, 'A'; strb w10, [to + i] */
function letter(word: Place, shift: number, to: Place, i: number, addresses: Addresses): number[] {
  const same = (VALUE << 5) | VALUE;
  return [
    ...load(VALUE, { word }, addresses),
    0x53007c00 | (shift << 16) | same,
    0x12000c00 | same,
    0x11000000 | (FIRST_LETTER << 10) | same,
    ...constant(ADDRESS, BigInt(addresses.place(to) + i)),
    0x39000000 | (ADDRESS << 5) | VALUE,
  ];
}

/** movz and three movk, or ldr from an address. */
function load(register: number, value: Value, addresses: Addresses): number[] {
  if (typeof value === 'object' && 'word' in value)
    return [
      ...constant(ADDRESS, BigInt(addresses.place(value.word))),
      0xf9400000 | (ADDRESS << 5) | register,
    ];
  return constant(
    register,
    typeof value === 'object' ? BigInt(addresses.place(value.address)) : BigInt(value),
  );
}

function constant(register: number, value: bigint): number[] {
  return [0, 1, 2, 3].map((part) => {
    const bits = Number((value >> BigInt(16 * part)) & 0xffffn);
    return (part === 0 ? 0xd2800000 : 0xf2800000) | (part << 21) | (bits << 5) | register;
  });
}

/** str register, [address] */
function store(register: number, to: Place, addresses: Addresses): number[] {
  return [...constant(ADDRESS, BigInt(addresses.place(to))), 0xf9000000 | (ADDRESS << 5) | register];
}

/** How many instructions a jump goes, in so many bits. */
function distance(from: number, to: number, bits: number): number {
  return ((to - from) / 4) & (2 ** bits - 1);
}
