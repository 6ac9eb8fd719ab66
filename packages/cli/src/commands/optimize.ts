import type { Program } from '@callgate/engine/bpf/instruction';
import type { CompileOptions } from '@callgate/engine/compile/compile';
import { OBJECTIVES, type Objective } from '@callgate/engine/compile/weights';
import { Option } from 'commander';
import { examples, type Verb } from '../command.ts';
import { compileSubject } from '../compile-subject.ts';
import { CLEAN, CliFailure } from '../context.ts';
import { readRecording, weightsOf } from '../input/recording.ts';
import { loadSubject, type Subject } from '../input/subject.ts';
import { targetOf } from '../input/target-flags.ts';
import {
  FORMAT_HELP,
  FORMATS,
  type Format,
  formatProgram,
  programDocument,
  writeProgram,
} from '../output/program-formats.ts';
import { plural, printable } from '../output/style.ts';

interface OptimizeFlags {
  readonly arch?: string;
  readonly output: string;
  readonly format: Format;
  readonly objective: Objective;
  readonly weights?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export const optimize: Verb = {
  name: 'optimize',

  configure(command) {
    command
      .argument(
        '<subject>',
        'a filter: FILE.bpf, "-" for stdin, pid:N, docker:NAME, podman:NAME; stacked filters become one',
      )
      .option('-o, --output <file>', 'where the filter goes; "-" for stdout', '-')
      .addOption(new Option('-f, --format <format>', FORMAT_HELP).choices(FORMATS).default('raw'))
      .addOption(
        new Option('--objective <what>', 'what is made small: as for callgate compile')
          .choices(OBJECTIVES)
          .default('size'),
      )
      .option('--weights <recording>', 'how often each call is made (default: every allowed call alike)')
      .option('--arch <abi>', 'the machine that it is for (default: this one)')
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
    const weights =
      flags.weights === undefined ? undefined : weightsOf(await readRecording(context, flags.weights));
    const program = smaller(subject, { objective: flags.objective, weights });
    const before = programs.reduce((sum, p) => sum + p.length, 0);
    // What somebody else wrote may be the smaller one already.
    const isSmall = flags.objective === 'size' && programs[0]?.length <= (program?.length ?? Infinity);
    const kept = programs.length === 1 && (!program || isSmall) ? programs[0] : undefined;
    const result = kept ?? program ?? compileSubject(subject);
    const toStdout = flags.output === '-';
    if (!flags.json || !toStdout)
      writeProgram(context, flags.output, formatProgram(flags.format, result, policy, context, [], toStdout));
    if (flags.json)
      context.stdout.write(`${JSON.stringify({ before, ...programDocument(result, policy) })}\n`);
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
