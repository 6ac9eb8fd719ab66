import { encodeProgram } from '../../bpf/encode.ts';
import type { Program } from '../../bpf/instruction.ts';
import type { Endian } from '../../bpf/seccomp-data.ts';

/** struct sock_filter[] as hexadecimal digits, one instruction a line. */
export function hexProgram(program: Program, endian: Endian): string {
  return program
    .map((instruction) => {
      const bytes = encodeProgram([instruction], endian);
      return `${[...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')}\n`;
    })
    .join('');
}
