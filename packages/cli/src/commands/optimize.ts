import type { Program } from '@callgate/engine/internal/bpf/instruction';
import type { CompileOptions } from '@callgate/engine/internal/compile/compile';
import { formatProgram, programDocument } from '@callgate/engine/internal/report/program-formats';
import { plural, printable } from '@callgate/engine/internal/report/words';
import { writeJson } from '@callgate/engine/internal/source/write-json';
import type { Subject } from '@callgate/engine/internal/subject/subject';
import { examples, type Verb } from '../command.ts';
import { CLEAN, CliFailure } from '../context.ts';
import { addProgramFlags, compileOptionsOf, type ProgramFlags } from '../flags/program-flags.ts';
import { targetOf } from '../flags/target-flags.ts';
import { compileSubject } from '../load/compile-subject.ts';
import { LIVE_HELP } from '../load/live-filters.ts';
import { liveText, loadSubject } from '../load/subject.ts';
import { styleFor } from '../terminal/style.ts';
import { writeProgram } from '../terminal/write-program.ts';

interface OptimizeFlags extends ProgramFlags {
  readonly arch?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export const optimize: Verb = {
  name: 'optimize',

  configure(command) {
    command.argument(
      '<subject>',
      `a filter: FILE.bpf, "-" for stdin, ${LIVE_HELP}; stacked filters become one`,
    );
    addProgramFlags(command, 'raw');
    command
      .option('--arch <abi>', 'for machines of this ABI (default: that of this machine)')
      .option('--json', 'one JSON document: the program and how long both are')
      .addHelpText(
        'after',
        examples(
          'optimize filter.bpf -o smaller.bpf',
          'optimize docker:web --format asm',
          'optimize pid:1234 --objective mean -o one.bpf',
        ),
      );
  },

  async run(context, command) {
    const [name] = command.processedArgs as [string];
    const flags = command.opts<OptimizeFlags>();
    const subject = await loadSubject(context, name, targetOf(flags), { quiet: true });
    const { programs, policy } = subject;
    if (!programs) throw new CliFailure(`${printable(name)} is a profile; callgate compile makes its filter`);
    if (subject.live && subject.live.mode !== 'filter') throw new CliFailure(liveText(subject).trimEnd());
    const program = smaller(subject, await compileOptionsOf(context, flags));
    const before = programs.reduce((sum, p) => sum + p.length, 0);
    // What somebody else wrote may be the smaller one already.
    const isSmall = flags.objective === 'size' && programs[0]?.length <= (program?.length ?? Infinity);
    const kept = programs.length === 1 && (!program || isSmall) ? programs[0] : undefined;
    const result = kept ?? program ?? compileSubject(subject);
    const toStdout = flags.output === '-';
    if (!flags.json || !toStdout) {
      const style = toStdout ? styleFor(context.stdout, context.env) : undefined;
      writeProgram(context, flags.output, formatProgram(flags.format, result, policy, { style }));
    }
    if (flags.json) context.stdout.write(`${writeJson({ before, ...programDocument(result, policy) })}\n`);
    if (!flags.quiet) {
      const what = programs.length === 1 ? '' : ` in ${plural(programs.length, 'filter')}`;
      context.stderr.write(
        `callgate: ${printable(name)}: ${plural(before, 'instruction')}${what} → ${result.length}, ${kept ? 'none smaller found' : 'proven equal'}\n`,
      );
    }
    return CLEAN;
  },
};

/** The filter made anew; undefined when callgate finds none that a kernel would take. */
function smaller(subject: Subject, options: CompileOptions): Program | undefined {
  try {
    return compileSubject(subject, options);
  } catch (fault) {
    if (fault instanceof CliFailure) return undefined;
    throw fault;
  }
}
