import { encodeProgram } from '../bpf/encode.ts';
import type { Program } from '../bpf/instruction.ts';
import type { Policy } from '../policy/policy.ts';
import { writeJson } from '../source/write-json.ts';
import { listing } from './listing.ts';
import { listingText } from './listing-text.ts';
import { cProgram } from './programs/c.ts';
import { hexProgram } from './programs/hex.ts';
import { jsonProgram } from './programs/json.ts';
import { pfcProgram } from './programs/pfc.ts';
import { PLAIN, type Style } from './style.ts';

/** How a filter can be written. */
export const FORMATS = ['asm', 'raw', 'hex', 'c', 'pfc', 'json', 'bubblewrap'] as const;
export type Format = (typeof FORMATS)[number];

export const FORMAT_HELP =
  'asm (text for callgate asm), raw (struct sock_filter[]), hex, c, pfc (pseudo code), json, bubblewrap (raw, for --seccomp)';

/** What a program is written with: a style and notes, an instruction each, are for asm alone. */
export interface ProgramWriting {
  readonly style?: Style;
  readonly notes?: readonly string[];
}

/** A filter in a format: bytes for raw and bubblewrap, else text. The policy must be what the filter decides. */
export function formatProgram(
  format: Format,
  program: Program,
  policy: Policy,
  { style = PLAIN, notes = [] }: ProgramWriting = {},
): string | Uint8Array {
  const { endian } = policy;
  switch (format) {
    case 'asm':
      return listingText(style, listing(program, endian), notes);
    case 'raw':
    case 'bubblewrap':
      return encodeProgram(program, endian);
    case 'hex':
      return hexProgram(program, endian);
    case 'c':
      return cProgram(program, endian);
    case 'pfc':
      return pfcProgram(policy);
    case 'json':
      return `${writeJson(programDocument(program, policy))}\n`;
  }
}

/** The document of compile --json. */
export function programDocument(program: Program, policy: Policy): object {
  return {
    instructions: program.length,
    abis: policy.abis.map((abi) => abi.name),
    endian: policy.endian,
    program: jsonProgram(program),
  };
}
