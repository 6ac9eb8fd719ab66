import type { Addresses, InstructionSet } from './instruction-set.ts';
import { FIRST_LETTER, type Place, SPELLED_SHIFTS, type Step, type Value } from './steps.ts';

/** The number of the call is in r7, arguments in r0 to r5, the result in r0 (man 2 syscall). */
const NUMBER = 7;
/** Registers that steps use and nobody relies on. */
const ADDRESS = 8;
const VALUE = 9;
const OTHER = 10;

const ALWAYS = 0xe;
const CONDITIONS = { equal: 0x0, different: 0x1, less: 0xb } as const;
const SVC = 0xef000000;
/** udf #0, and the instruction that Linux takes for a breakpoint (arch/arm/kernel/ptrace.c: arm_break_hook). */
const UDF = 0xe7f000f0;
const BREAKPOINT = 0xe7f001f0;
/** EABI version 5, which the kernel demands. */
const EF_ARM_EABI_VER5 = 0x05000000;

/** 32-bit Arm from version 7 on, which many 64-bit Arm kernels run too. */
export const arm: InstructionSet = {
  abi: 'arm',
  elfClass: 1,
  machine: 40,
  flags: EF_ARM_EABI_VER5,
  wordSize: 4,
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
      if (!step.when) return [branch(ALWAYS, at, addresses.label(step.to))];
      const { word, is, to } = step.when;
      const compare = [
        ...load(VALUE, { word }, addresses),
        ...load(OTHER, to, addresses),
        // cmp r9, r10
        0xe1500000 | (VALUE << 16) | OTHER,
      ];
      return [...compare, branch(CONDITIONS[is], at + 4 * compare.length, addresses.label(step.to))];
    }
  }
}

function fault(as: 'trap' | 'access' | undefined): number[] {
  if (as === undefined) return [UDF];
  // ldr r9, [r8] where nothing is mapped.
  return as === 'trap'
    ? [BREAKPOINT]
    : [...constant(ADDRESS, 0), 0xe5900000 | (ADDRESS << 16) | (VALUE << 12)];
}

/** ldr r9, [word]; lsr r9, r9, shift; and r9, r9, 15; add r9, r9, 'A'; strb r9, [to + i] */
function letter(word: Place, shift: number, to: Place, i: number, addresses: Addresses): number[] {
  const same = (VALUE << 16) | (VALUE << 12);
  return [
    ...load(VALUE, { word }, addresses),
    // A shift to the right by 0 would mean one by 32.
    ...(shift === 0 ? [] : [0xe1a00020 | (VALUE << 12) | (shift << 7) | VALUE]),
    0xe200000f | same,
    0xe2800000 | same | FIRST_LETTER,
    ...constant(ADDRESS, addresses.place(to) + i),
    0xe5c00000 | (ADDRESS << 16) | (VALUE << 12),
  ];
}

/** A branch counts from two instructions behind itself. */
function branch(condition: number, from: number, to: number): number {
  return (condition << 28) | 0x0a000000 | (((to - from - 8) / 4) & 0xffffff);
}

function load(register: number, value: Value, addresses: Addresses): number[] {
  if (typeof value === 'object' && 'word' in value)
    return [
      ...constant(ADDRESS, addresses.place(value.word)),
      0xe5900000 | (ADDRESS << 16) | (register << 12),
    ];
  const number = typeof value === 'object' ? addresses.place(value.address) : value;
  return constant(register, Number(BigInt.asUintN(32, BigInt(number))));
}

/** movw and movt */
function constant(register: number, value: number): number[] {
  const half = (opcode: number, bits: number) =>
    opcode | ((bits >>> 12) << 16) | (register << 12) | (bits & 0xfff);
  return [half(0xe3000000, value & 0xffff), half(0xe3400000, value >>> 16)];
}

/** str register, [address] */
function store(register: number, to: Place, addresses: Addresses): number[] {
  return [...constant(ADDRESS, addresses.place(to)), 0xe5800000 | (ADDRESS << 16) | (register << 12)];
}
