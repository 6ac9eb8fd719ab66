import { encodeProgram } from '@callgate/engine/bpf/encode';
import type { Program } from '@callgate/engine/bpf/instruction';
import type { Policy } from '@callgate/engine/policy/policy';
import { listing } from '@callgate/engine/report/listing';
import { cProgram } from '@callgate/engine/report/programs/c';
import { hexProgram } from '@callgate/engine/report/programs/hex';
import { jsonProgram } from '@callgate/engine/report/programs/json';
import { pfcProgram } from '@callgate/engine/report/programs/pfc';
import { CliFailure, type Context } from '../context.ts';
import { listingText } from './listing.ts';
import { styleFor } from './style.ts';
import { writeFile } from './write-file.ts';

/** How a filter can be written. */
export const FORMATS = ['asm', 'raw', 'hex', 'c', 'pfc', 'json', 'bubblewrap'] as const;
export type Format = (typeof FORMATS)[number];

export const FORMAT_HELP =
  'asm (text for callgate asm), raw (struct sock_filter[]), hex, c, pfc (pseudo code), json, bubblewrap (raw, for --seccomp)';

/** The filter in a format, without colours; `notes` are for asm. */
export function formatProgram(
  format: Format,
  program: Program,
  policy: Policy,
  context: Context,
  notes: readonly string[] = [],
  toTerminal = false,
): string | Uint8Array {
  const { endian } = policy;
  switch (format) {
    case 'asm': {
      const output = toTerminal ? context.stdout : { write: () => {} };
      return listingText(styleFor(output, context.env), listing(program, endian), notes);
    }
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
      return `${JSON.stringify(programDocument(program, policy))}\n`;
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

/** Writes a filter to a file or stdout; bytes never to a terminal. */
export function writeProgram(context: Context, path: string | undefined, content: string | Uint8Array): void {
  if (path !== undefined && path !== '-') writeFile(context, path, content);
  else if (typeof content !== 'string' && context.stdout.isTTY)
    throw new CliFailure('this format is bytes, not text: give a file with -o, or a pipe');
  else context.stdout.write(content);
}
