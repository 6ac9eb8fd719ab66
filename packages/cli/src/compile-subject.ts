import { costliestCalls } from '@callgate/engine/analysis/cost';
import type { Program } from '@callgate/engine/bpf/instruction';
import { MAX_INSTRUCTIONS } from '@callgate/engine/bpf/opcodes';
import { type CompileOptions, compileDiagram, FilterTooLarge } from '@callgate/engine/compile/compile';
import { uniformWeights } from '@callgate/engine/compile/weights';
import { restrict } from '@callgate/engine/policy/restrict';
import { CliFailure } from './context.ts';
import type { Subject } from './input/subject.ts';
import { printable } from './output/style.ts';

const MOST_NAMED = 3;

/** The filter of a subject, proven; a failure that says what costs most when no kernel would take it. */
export function compileSubject(subject: Subject, options: CompileOptions = {}): Program {
  const { policy } = subject;
  const weights = options.weights ?? uniformWeights(policy);
  const program = compiled(() =>
    compileDiagram(policy.diagram, policy.root, policy.endian, { ...options, weights }),
  );
  if (program && program.length <= MAX_INSTRUCTIONS) return program;
  const costs = costliestCalls(policy, MOST_NAMED).map(
    ({ abi, name, nr, instructions }) =>
      `${name} on ${abi.name} (${Number.isFinite(instructions) ? instructions : 'too many to count'}${linesOf(subject, abi.auditArch, nr)})`,
  );
  throw new CliFailure(
    `${printable(subject.name)}: the filter has ${program?.length ?? 'far too many'} instructions, the kernel takes ${MAX_INSTRUCTIONS}; dearest are the arguments of ${costs.join(', ')}`,
  );
}

/** The program, or undefined when it would be far too long. */
function compiled(compile: () => Program): Program | undefined {
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
  const lines = new Set(
    policy.origins.flatMap((origin) =>
      origin.because === 'rule' && origin.rule.conditions.length > 0 && decides(policy, origin, arch, nr)
        ? [source.positionOf(origin.span.start).line]
        : [],
    ),
  );
  const few = [...lines].slice(0, MOST_NAMED).join(', ');
  return lines.size === 0 ? '' : `, line ${few}${lines.size > MOST_NAMED ? ', …' : ''}`;
}

function decides(
  { diagram, reasons, origins }: Subject['policy'],
  origin: Subject['policy']['origins'][number],
  arch: number,
  nr: number,
): boolean {
  const node = restrict(diagram, reasons, arch, nr);
  return diagram.reachable(node).some((id) => diagram.isTerminal(id) && origins[diagram.word(id)] === origin);
}
