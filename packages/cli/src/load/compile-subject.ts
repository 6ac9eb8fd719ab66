import { costliestCalls } from '@callgate/engine/internal/analysis/cost';
import type { Program } from '@callgate/engine/internal/bpf/instruction';
import { MAX_INSTRUCTIONS } from '@callgate/engine/internal/bpf/opcodes';
import {
  type Compiled,
  type CompileOptions,
  compilePolicy,
  FilterTooLarge,
} from '@callgate/engine/internal/compile/compile';
import { restrict } from '@callgate/engine/internal/diagram/restrict';
import { printable } from '@callgate/engine/internal/report/words';
import type { Subject } from '@callgate/engine/internal/subject/subject';
import { CliFailure } from '../context.ts';

const MOST_NAMED = 3;

/** The filter of a subject, proven; a failure that says what costs most when no kernel would take it. */
export function compileSubject(subject: Subject, options: CompileOptions = {}): Program {
  const { policy } = subject;
  const compiled = compiledOrTooLarge(() => compilePolicy(policy, options));
  if (compiled?.kind === 'proved') return compiled.program;
  const costs = costliestCalls(policy, MOST_NAMED).map(
    ({ abi, name, nr, instructions }) =>
      `${name} on ${abi.name} (${Number.isFinite(instructions) ? instructions : 'too many to count'}${linesOf(subject, abi.auditArch, nr)})`,
  );
  throw new CliFailure(
    `${printable(subject.name)}: the filter has ${compiled?.program.length ?? 'far too many'} instructions, the kernel takes ${MAX_INSTRUCTIONS}; dearest are the arguments of ${costs.join(', ')}`,
  );
}

function compiledOrTooLarge(compile: () => Compiled): Compiled | undefined {
  try {
    return compile();
  } catch (fault) {
    if (fault instanceof FilterTooLarge) return undefined;
    throw fault;
  }
}

/** The lines of the rules that decide a call. */
function linesOf({ policy, source }: Subject, arch: number, nr: number): string {
  if (!source) return '';
  const { diagram, reasons, origins } = policy;
  const lines = new Set(
    diagram
      .wordsOf(restrict(diagram, reasons, arch, nr))
      .map((index) => origins[index])
      .flatMap((origin) => (origin.because === 'rule' ? [source.positionOf(origin.span.start).line] : [])),
  );
  const few = [...lines].sort((a, b) => a - b).slice(0, MOST_NAMED);
  return lines.size === 0 ? '' : `, line ${few.join(', ')}${lines.size > MOST_NAMED ? ', …' : ''}`;
}
