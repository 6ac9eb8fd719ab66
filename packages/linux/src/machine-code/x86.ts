import type { Addresses, InstructionSet } from './instruction-set.ts';
import { FIRST_LETTER, type Place, SPELLED_SHIFTS, type Step, type Value } from './steps.ts';

const EAX = 0;
/** ebx, ecx, edx, esi, edi, ebp (man 2 syscall), by their numbers in instructions. */
const ARGUMENTS = [3, 1, 2, 6, 7, 5];
const INT_80 = [0xcd, 0x80];
/** ud2, int3, and hlt, which only a kernel may execute. */
const FAULTS = { illegal: [0x0f, 0x0b], trap: [0xcc], access: [0xf4] };
/** jcc rel32: the second byte of its opcode. */
const JUMPS = { equal: 0x84, different: 0x85, less: 0x8c } as const;

/** i386, which x86_64 kernels run too. */
export const x86: InstructionSet = {
  abi: 'x86',
  elfClass: 1,
  machine: 3,
  wordSize: 4,
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
      return [...load(EAX, step.value, addresses), ...store(step.to, addresses)];
    case 'syscall':
      return [
        ...step.args.flatMap((value, i) => load(ARGUMENTS[i], value, addresses)),
        ...load(EAX, step.nr, addresses),
        ...INT_80,
        ...(step.result ? store(step.result, addresses) : []),
      ];
    case 'jump': {
      if (!step.when) return [0xe9, ...bytes(addresses.label(step.to) - at - 5)];
      const { word, is, to } = step.when;
      // cmp dword [address], imm32
      const compare = [0x81, 0x3d, ...absolute(word, addresses), ...bytes(to)];
      return [...compare, 0x0f, JUMPS[is], ...bytes(addresses.label(step.to) - at - compare.length - 6)];
    }
  }
}

/** mov register, value */
function load(register: number, value: Value, addresses: Addresses): number[] {
  if (typeof value === 'object' && 'word' in value)
    return [0x8b, (register << 3) | 5, ...absolute(value.word, addresses)];
  const number = typeof value === 'object' ? addresses.place(value.address) : value;
  return [0xb8 | register, ...bytes(Number(BigInt.asUintN(32, BigInt(number))))];
}

/** mov [address], eax */
function store(to: Place, addresses: Addresses): number[] {
  return [0xa3, ...absolute(to, addresses)];
}

/** mov eax, [word]; shr eax, shift; and eax, 15; add eax, 'A'; mov [to], al */
function letter(word: Place, shift: number, to: number[], addresses: Addresses): number[] {
  const load = [0xa1, ...absolute(word, addresses)];
  return [...load, 0xc1, 0xe8, shift, 0x83, 0xe0, 15, 0x83, 0xc0, FIRST_LETTER, 0xa2, ...to];
}

function plus(place: Place, more: number): Place {
  return { ...place, plus: (place.plus ?? 0) + more };
}

function absolute(place: Place, addresses: Addresses): number[] {
  return bytes(addresses.place(place));
}

function bytes(value: number): number[] {
  return [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff);
}
