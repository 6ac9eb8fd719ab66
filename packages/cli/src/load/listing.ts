import type { Assembled } from '@callgate/engine/internal/bpf/assemble';
import type { Program } from '@callgate/engine/internal/bpf/instruction';
import { printable } from '@callgate/engine/internal/report/words';
import { CliFailure } from '../context.ts';

/** The program of a text, or a failure with the place of its first fault. */
export function expectAssembled(file: string, { program, faults }: Assembled): Program {
  if (program) return program;
  const [{ line, column, message }, ...rest] = faults;
  const more = rest.length > 0 ? ` (and ${rest.length} more)` : '';
  throw new CliFailure(`${printable(file)}:${line}:${column}: ${printable(message)}${more}`);
}
