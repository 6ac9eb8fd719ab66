import { stringifyProfile } from '@callgate/engine/profile/stringify';
import type { Recording } from '@callgate/engine/record/observation';
import { type Synthesis, synthesize } from '@callgate/engine/record/synthesize';
import { examples, type Verb } from '../command.ts';
import { CLEAN, type Context } from '../context.ts';
import { readRecording } from '../input/recording.ts';
import { plural, styleFor } from '../output/style.ts';
import { writeFile } from '../output/write-file.ts';

interface BuildFlags {
  readonly output: string;
  readonly explain?: boolean;
  readonly quiet?: boolean;
}

export const build: Verb = {
  name: 'build',

  configure(command) {
    command
      .argument('<recordings...>', 'files that callgate record -o wrote; "-" for stdin')
      .option('-o, --output <file>', 'where the profile goes; "-" for stdout', '-')
      .option('--explain', 'say for every call why it is in the profile')
      .option('-q, --quiet', 'say nothing but errors')
      .addHelpText(
        'after',
        examples(
          'build monday.json tuesday.json -o profile.json',
          'build rec.json --explain -o profile.json',
        ),
      );
  },

  async run(context, command) {
    const [files] = command.processedArgs as [[string, ...string[]]];
    const flags = command.opts<BuildFlags>();
    const [first, ...rest] = files;
    const recordings: [Recording, ...Recording[]] = [await readRecording(context, first)];
    for (const file of rest) recordings.push(await readRecording(context, file));
    const synthesis = synthesize(recordings);
    writeFile(context, flags.output, stringifyProfile(synthesis.profile));
    if (flags.explain) context.stderr.write(reasons(context, synthesis));
    if (!flags.quiet) context.stderr.write(summary(context, recordings, synthesis));
    return CLEAN;
  },
};

function reasons(context: Context, { reasons, newer }: Synthesis): string {
  const style = styleFor(context.stderr, context.env);
  const width = Math.max(...[...reasons.keys()].map((name) => name.length));
  const lines = [...reasons].map(([name, reason]) => {
    const why =
      reason.kind === 'seen'
        ? `seen ${plural(reason.count, 'time')} in ${plural(reason.runs, 'run')}`
        : style.dim(`not seen: ${reason.why}`);
    return `  ${name.padEnd(width)}  ${why}`;
  });
  if (newer.length > 0)
    lines.push(`  answered with ENOSYS, because newer than the recorded kernel: ${newer.join(', ')}`);
  return `${lines.join('\n')}\n`;
}

/** What the profile allows and how every other call fails. */
export function summary(
  context: Context,
  recordings: readonly Recording[],
  { profile, reasons, newer, unnamed, deniedOnly }: Synthesis,
): string {
  const style = styleFor(context.stderr, context.env);
  const base = [...reasons.values()].filter((r) => r.kind === 'base').length;
  const lost = recordings.reduce((sum, r) => sum + r.lost, 0);
  const lines = [
    `${style.bold(`${plural(reasons.size, 'call')} allowed`)}: ${reasons.size - base} seen, ${base} that any process needs (--explain tells each)`,
    `everything else fails with EPERM; ${newer.length === 0 ? 'no known call is newer than the recorded kernel' : `${plural(newer.length, 'call')} newer than the recorded kernel with ENOSYS, so that libc falls back`}`,
    `ABIs: ${profile.architectures.map((a) => a.value.replace('SCMP_ARCH_', '').toLowerCase()).join(', ')}; a call of any other kills the thread`,
  ];
  if (unnamed.length > 0)
    lines.push(
      `${style.yellow('left out')}: ${unnamed.map((o) => `${o.arch} ${o.nr}`).join(', ')} — numbers without a name, which no profile can allow`,
    );
  if (deniedOnly.length > 0)
    lines.push(
      `${style.yellow('left out')}: ${deniedOnly.join(', ')} — a filter denied every one of these calls`,
    );
  if (recordings.some((r) => r.left > 0))
    lines.push(style.red('incomplete: a process went where the recorder may not have seen it'));
  if (lost > 0)
    lines.push(
      style.red(`incomplete: the recorder lost ${plural(lost, 'call')}, so the profile may lack some`),
    );
  return `${lines.join('\n')}\n`;
}
