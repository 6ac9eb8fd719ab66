import type { Addresses, InstructionSet } from './instruction-set.ts';
import { FIRST_LETTER, type Place, SPELLED_SHIFTS, type Step, type Value } from './steps.ts';

/** Registers by their numbers in instructions. */
const RAX = 0;
/** rdi, rsi, rdx, r10, r8, r9 (man 2 syscall). */
const ARGUMENTS = [7, 6, 2, 10, 8, 9];
/** ebx, ecx, edx, esi, edi, ebp, for int 0x80. */
const X86_ARGUMENTS = [3, 1, 2, 6, 7, 5];

const SYSCALL = [0x0f, 0x05];
const INT_80 = [0xcd, 0x80];
/** ud2, int3, and hlt, which only a kernel may execute. */
const FAULTS = { illegal: [0x0f, 0x0b], trap: [0xcc], access: [0xf4] };
/** jcc rel32: the second byte of its opcode. */
const JUMPS = { equal: 0x84, different: 0x85, less: 0x8c } as const;

/** x86_64, all addresses below 2 GiB. Intel's manual, volume 2, for the encodings. */
export const x86_64: InstructionSet = {
  abi: 'x86_64',
  elfClass: 2,
  machine: 62,
  wordSize: 8,
  encode: (step, at, addresses) => Uint8Array.from(encode(step, at, addresses)),
};

function encode(step: Step, at: number, addresses: Addresses): number[] {
  switch (step.kind) {
    case 'label':
      return [];
    case 'fault':
      return FAULTS[step.as ?? 'illegal'];
    case 'spell':
      return SPELLED_SHIFTS.flatMap((shift, i) =>
        letter(step.word, shift, absolute(plus(step.to, i), addresses), addresses),
      );
    case 'store':
      return [...load(RAX, step.value, addresses), ...store(step.to, addresses)];
    case 'syscall': {
      const registers = step.gate === 'x86' ? X86_ARGUMENTS : ARGUMENTS;
      return [
        ...step.args.flatMap((value, i) => load(registers[i], value, addresses)),
        ...load(RAX, step.nr, addresses),
        ...(step.gate === 'x86' ? INT_80 : SYSCALL),
        ...(step.result ? store(step.result, addresses) : []),
      ];
    }
    case 'jump': {
      if (!step.when) return [0xe9, ...bytes(BigInt(addresses.label(step.to) - at - 5), 4)];
      const { word, is, to } = step.when;
      // cmp qword [address], imm32
      const compare = [0x48, 0x81, 0x3c, 0x25, ...absolute(word, addresses), ...bytes(BigInt(to), 4)];
      const next = at + compare.length + 6;
      return [...compare, 0x0f, JUMPS[is], ...bytes(BigInt(addresses.label(step.to) - next), 4)];
    }
  }
}

/** mov register, value; 32 bits are enough for most, and clear the upper half. */
function load(register: number, value: Value, addresses: Addresses): number[] {
  const high = register >= 8;
  const low = register & 7;
  if (typeof value === 'object' && 'word' in value)
    return [high ? 0x4c : 0x48, 0x8b, (low << 3) | 4, 0x25, ...absolute(value.word, addresses)];
  const number = typeof value === 'object' ? BigInt(addresses.place(value.address)) : BigInt(value);
  if (number >= 0n && number < 1n << 32n) return [...(high ? [0x41] : []), 0xb8 | low, ...bytes(number, 4)];
  return [high ? 0x49 : 0x48, 0xb8 | low, ...bytes(number, 8)];
}

/** mov [address], rax */
function store(to: Place, addresses: Addresses): number[] {
  return [0x48, 0x89, 0x04, 0x25, ...absolute(to, addresses)];
}

/** mov eax, [word]; shr eax, shift; and eax, 15; add eax, 'A'; mov [to], al */
function letter(word: Place, shift: number, to: number[], addresses: Addresses): number[] {
  const load = [0x8b, 0x04, 0x25, ...absolute(word, addresses)];
  return [...load, 0xc1, 0xe8, shift, 0x83, 0xe0, 15, 0x83, 0xc0, FIRST_LETTER, 0x88, 0x04, 0x25, ...to];
}

function plus(place: Place, more: number): Place {
  return { ...place, plus: (place.plus ?? 0) + more };
}

function absolute(place: Place, addresses: Addresses): number[] {
  return bytes(BigInt(addresses.place(place)), 4);
}

function bytes(value: bigint, size: number): number[] {
  return Array.from({ length: size }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn));
}
