import { type Instruction, instruction, type Program } from './instruction.ts';
import type { Endian } from './seccomp-data.ts';

/** sizeof(struct sock_filter). */
const INSTRUCTION_SIZE = 8;

/**
 * The program as struct sock_filter[], 8 bytes an instruction, in the target's byte order.
 * @example
 * ```js
 * import { assemble, encodeProgram } from '@callgate/engine/bpf';
 * encodeProgram(assemble('ret #0x7fff0000').program, 'little').length; // → 8
 * ```
 */
export function encodeProgram(program: Program, endian: Endian): Uint8Array {
  const bytes = new Uint8Array(program.length * INSTRUCTION_SIZE);
  const view = new DataView(bytes.buffer);
  const little = endian === 'little';
  program.forEach(({ code, jt, jf, k }, i) => {
    const at = i * INSTRUCTION_SIZE;
    view.setUint16(at, code, little);
    view.setUint8(at + 2, jt);
    view.setUint8(at + 3, jf);
    view.setUint32(at + 4, k, little);
  });
  return bytes;
}

/**
 * The program that bytes of struct sock_filter[] hold; undefined when they are no whole number of instructions.
 * @example
 * ```js
 * import { decodeProgram } from '@callgate/engine/bpf';
 * decodeProgram(new Uint8Array(7), 'little'); // → undefined
 * ```
 */
export function decodeProgram(bytes: Uint8Array, endian: Endian): Program | undefined {
  if (bytes.length % INSTRUCTION_SIZE !== 0) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const little = endian === 'little';
  return Array.from({ length: bytes.length / INSTRUCTION_SIZE }, (_, i): Instruction => {
    const at = i * INSTRUCTION_SIZE;
    return instruction(
      view.getUint16(at, little),
      view.getUint32(at + 4, little),
      view.getUint8(at + 2),
      view.getUint8(at + 3),
    );
  });
}
