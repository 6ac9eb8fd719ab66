import { LOG_FORMATS } from '@callgate/engine/internal/logs/log-formats';
import { fromUtf8 } from '@callgate/engine/internal/logs/log-recording';
import type { LoggedCall } from '@callgate/engine/internal/logs/log-tally';
import { type Observation, stringifyRecording } from '@callgate/engine/internal/recording/recording';
import { deniedCalls, isList, lacksLines, phasesOf } from '@callgate/engine/internal/report/recording';
import type { Style } from '@callgate/engine/internal/report/style';
import { plural, printable, wrap } from '@callgate/engine/internal/report/words';
import { thisMachine } from '@callgate/linux/internal/machine';
import { examples, type Verb } from '../command.ts';
import { CLEAN, CliFailure, type Context, FINDINGS } from '../context.ts';
import { readFollowed } from '../load/followed-log.ts';
import {
  addLogFlags,
  type LogFlagTexts,
  logFlagsOf,
  type ReadRecording,
  readAnyRecording,
  unknownNamesOf,
} from '../load/log.ts';
import { styleFor } from '../terminal/style.ts';
import { writeFile } from '../terminal/write-file.ts';

interface ReadFlags extends LogFlagTexts {
  readonly arch?: string;
  readonly output?: string;
  readonly json?: boolean;
  readonly follow?: boolean;
}

/** A log may hold any number of numbers. */
const MOST_LABELS = 600;

export const read: Verb = {
  name: 'read',

  configure(command) {
    command.argument('<file>', 'a log of any tool, or a recording; "-" for stdin');
    addLogFlags(command, '--arch <abi>');
    command
      .option('-o, --output <file>', 'write what was understood here, as a recording')
      .option('--json', 'print that recording on stdout')
      .option('--follow', 'of stdin: tell every call when it first comes; Ctrl-C ends the log')
      .addHelpText(
        'after',
        `
Formats:
${LOG_FORMATS.map(({ id, about }) => `  ${id.padEnd(17)} ${about}`).join('\n')}

A log that does not say which ABI called is taken for one of this machine, or of --arch; its calls are marked
as assumed.
${examples(
  'read strace.log',
  'read --json /var/log/audit/audit.log',
  'read - --format names -o names.rec.json',
  'read - --follow < strace.log',
)}`,
      );
  },

  async run(context, command) {
    const [file] = command.processedArgs as [string];
    const flags = command.opts<ReadFlags>();
    const how = logFlagsOf({ ...flags, logArch: flags.arch });
    if (flags.follow && file !== '-')
      throw new CliFailure('--follow goes with stdin: tail -F FILE | callgate read - --follow');
    const found = flags.follow
      ? await readFollowed(context, how, flags.json ? () => {} : teller(context))
      : await readAnyRecording(context, file, how);
    if (flags.output) writeFile(context, flags.output, stringifyRecording(found.recording));
    context.stdout.write(flags.json ? stringifyRecording(found.recording) : text(context, found));
    const unknown = unknownNamesOf(found, how);
    if (unknown === undefined) return CLEAN;
    context.stderr.write(`callgate: ${found.name}: ${unknown}; --allow-unknown leaves them out\n`);
    return FINDINGS;
  },
};

/** Tells the calls that have come since it was called last, in lines. */
function teller(context: Context): (calls: readonly LoggedCall[]) => void {
  const native = thisMachine().abi.name;
  const style = styleFor(context.stdout, context.env);
  const told = new Set<string>();
  return (calls) => {
    for (const { arch, nr, name, executed, denied } of calls) {
      const abi = arch === undefined || arch === native ? '' : ` (${arch})`;
      const label = `${name ?? nr}${abi}`;
      for (const [count, what] of [
        [executed, label],
        [denied, `${label} ${style.red('denied')}`],
      ] as const)
        if (count > 0 && !told.has(what)) {
          told.add(what);
          context.stdout.write(`+ ${what}\n`);
        }
    }
  };
}

function text(context: Context, { name, format, recording, contents }: ReadRecording): string {
  const style = styleFor(context.stdout, context.env);
  const { observations, lost, ambiguous, machine } = recording;
  const made = observations.filter((o) => o.count > 0);
  const calls = made.reduce((sum, o) => sum + o.count, 0);
  const count = new Set(made.map((o) => o.name || o.nr)).size;
  const size = contents ? `, ${plural(contents.lines, 'line')}` : `, ${plural(recording.runs, 'run')}`;
  const lines = [
    `${style.bold(name)}: ${format}${size}`,
    made.length === 0
      ? '  no system call'
      : `  ${style.bold(plural(count, 'system call'))}${isList(format) ? '' : `, called ${plural(calls, 'time')}`} on ${abisOf(made)}`,
    ...callLines(made),
  ];
  const denied = deniedCalls(observations, thisMachine().abi.name);
  if (denied !== '') lines.push(`  ${style.red('denied by a filter')}: ${denied}`);
  if (ambiguous > 0)
    lines.push(
      `  ${style.yellow('ABI not told')} for ${plural(ambiguous, 'call')}: taken for ${machine.arch}; --arch names another`,
    );
  if (lost > 0)
    lines.push(`  ${style.red(`${plural(lost, 'record')} lost`)}, as the log says: it is not complete`);
  lines.push(...lacksLines(recording).map((line) => `  ${style.yellow(line)}`));
  lines.push(...recording.notes.map((note) => `  note: ${printable(note)}`));
  if (contents && contents.unread > 0) lines.push(...unreadLines(style, contents.examples, contents.unread));
  return `${lines.filter((line) => line !== '').join('\n')}\n`;
}

function unreadLines(
  style: Style,
  examples: readonly { line: number; text: string }[],
  all: number,
): string[] {
  const shown = examples.map(({ line, text: t }) => style.dim(`    line ${line}: ${printable(fromUtf8(t))}`));
  const rest = all - examples.length;
  return rest > 0 ? [...shown, style.dim(`    and ${plural(rest, 'more line')}`)] : shown;
}

/** The calls, by when they were made where the recording tells. */
function callLines(made: readonly Observation[]): string[] {
  const phases = phasesOf(made, thisMachine().abi.name);
  if (phases.length === 1) return [wrap(shortened(phases[0][1]), '    ')];
  return phases.flatMap(([when, labels]) => [`  ${when}:`, wrap(shortened(labels), '    ')]);
}

function shortened(all: readonly string[]): readonly string[] {
  return all.length > MOST_LABELS
    ? [...all.slice(0, MOST_LABELS), `and ${all.length - MOST_LABELS} more`]
    : all;
}

function abisOf(observations: readonly Observation[]): string {
  return [...new Set(observations.map((o) => o.arch))].join(', ');
}
