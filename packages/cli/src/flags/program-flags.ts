import type { CompileOptions } from '@callgate/engine/internal/compile/compile';
import { OBJECTIVES, type Objective } from '@callgate/engine/internal/compile/weights';
import { weightsOf } from '@callgate/engine/internal/recording/recording';
import { FORMAT_HELP, FORMATS, type Format } from '@callgate/engine/internal/report/program-formats';
import { type Command, Option } from 'commander';
import type { Context } from '../context.ts';
import { readRecording } from '../load/recording.ts';

/** The flags of verbs that make a program: what is to be small, and how and where it is written. */
export interface ProgramFlags {
  readonly output: string;
  readonly format: Format;
  readonly objective: Objective;
  readonly weights?: string;
}

export function addProgramFlags(command: Command, format: Format): void {
  command
    .option('-o, --output <file>', 'where the filter goes; "-" for stdout', '-')
    .addOption(new Option('-f, --format <format>', FORMAT_HELP).choices(FORMATS).default(format))
    .addOption(
      new Option(
        '--objective <what>',
        'what is to be least: size, the instructions; mean, those executed for a call; bitmap, the same for calls that the kernel does not answer from its cache',
      )
        .choices(OBJECTIVES)
        .default('size'),
    )
    .option(
      '--weights <recording>',
      'a recording that says how often each call is made (default: all alike)',
    );
}

/** What the flags ask of the compiler; reads the recording of --weights. */
export async function compileOptionsOf(
  context: Context,
  { objective, weights }: ProgramFlags,
): Promise<CompileOptions> {
  const recording = weights === undefined ? undefined : await readRecording(context, weights);
  return { objective, weights: recording && weightsOf(recording) };
}
