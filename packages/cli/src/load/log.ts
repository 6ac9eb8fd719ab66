import { suggest } from '@callgate/engine/internal/diagnostics/suggest';
import type { LogFormat } from '@callgate/engine/internal/logs/formats/log-format';
import { findLogFormat, LOG_FORMATS } from '@callgate/engine/internal/logs/log-formats';
import { fromUtf8, recordingOfLog } from '@callgate/engine/internal/logs/log-recording';
import type { LogContents } from '@callgate/engine/internal/logs/log-tally';
import { LogStream } from '@callgate/engine/internal/logs/read-log';
import { looksLikeRecording, type Recording } from '@callgate/engine/internal/recording/recording';
import { printable } from '@callgate/engine/internal/report/words';
import type { AbiName } from '@callgate/engine/internal/syscalls/arch';
import { meantCall } from '@callgate/engine/internal/syscalls/meant-call';
import { thisMachine } from '@callgate/linux/internal/machine';
import type { Command } from 'commander';
import { CliFailure, type Context } from '../context.ts';
import { abiNamed, kernelNamed } from '../flags/target-flags.ts';
import { Progress } from '../terminal/progress.ts';
import { inputChunks, textOf, wholeOf } from './read-text.ts';
import { recordingIn } from './recording.ts';

/** The flags of verbs that read logs. */
export interface LogFlagTexts {
  readonly format?: string;
  readonly logArch?: string;
  readonly kernel?: string;
  readonly args?: boolean;
  readonly allowUnknown?: boolean;
  readonly quiet?: boolean;
}

export function addLogFlags(command: Command, archFlag: '--arch <abi>' | '--log-arch <abi>'): void {
  command
    .optionsGroup('How logs are read:')
    .option('--format <name>', 'as this format (default: callgate recognises it)')
    .option(archFlag, 'as the log of a machine with this ABI (default: that of this machine)')
    .option('--kernel <k.m>', 'as the log of a kernel of this release (default: unknown)')
    .option('--args', 'with the arguments that a condition can be made of')
    .option('--allow-unknown', 'leave out names that no system call has, instead of ending with status 1');
}

/** What the flags say of logs. */
export function logFlagsOf(flags: LogFlagTexts): LogFlags {
  if (flags.kernel !== undefined) kernelNamed(flags.kernel);
  return {
    format: namedFormat(flags.format),
    machine: flags.logArch === undefined ? thisMachine().abi.name : abiNamed(flags.logArch),
    kernel: flags.kernel ?? '',
    wantsArguments: flags.args ?? false,
    allowUnknown: flags.allowUnknown ?? false,
    quiet: flags.quiet,
  };
}

/** How a log is to be understood. */
export interface LogFlags {
  readonly format?: LogFormat;
  readonly machine: AbiName;
  /** uname -r of the machine that wrote it; "" when unknown. */
  readonly kernel: string;
  readonly wantsArguments: boolean;
  readonly allowUnknown: boolean;
  /** Says nothing of how far it is. */
  readonly quiet?: boolean;
}

/** A recording or log that was read: `contents` tells what of a log was understood. */
export interface ReadRecording {
  readonly name: string;
  readonly format: string;
  readonly recording: Recording;
  readonly contents?: LogContents;
}

/** Names in a message; more are counted. */
const MOST_NAMED = 10;
/** V8 keeps strings of twice that apart from the others, which makes them three times as slow to make. */
const CHUNK = 64 * 1024;

/** A recording of callgate or a log of any other tool, by what stands in it; logs may never end. */
export async function readAnyRecording(
  context: Context,
  file: string,
  flags: LogFlags,
): Promise<ReadRecording> {
  const name = printable(file);
  const chunks = chunksOf(context, file);
  const first = await chunks.next();
  const head = first.done ? '' : first.value;
  if (!flags.format && looksLikeRecording(head))
    return {
      name,
      format: 'recording',
      recording: recordingIn(name, textOf(await wholeOf(bytesOf(head, chunks), file), file)),
    };
  const stream = new LogStream(flags);
  const progress = new Progress(context.stderr, flags.quiet);
  let bytes = head.length;
  stream.push(head);
  for await (const chunk of chunks) {
    if (stream.isBinary) break;
    stream.push(chunk);
    bytes += chunk.length;
    progress.show(() => `reading ${name}: ${Math.round(bytes / 1e6)} MB`);
  }
  progress.clear();
  return endOf(stream, name, head, flags);
}

/** What a log that has ended has told. `head` is how it begins. */
export function endOf(stream: LogStream, name: string, head: string, flags: LogFlags): ReadRecording {
  const log = stream.end();
  if (!log) throw stream.isBinary ? binaryFile(name, head) : unknownFormat(name, head);
  const recording = recordingOfLog(log.contents, { ...flags, format: log.format.id });
  return { name, format: log.format.id, recording, contents: log.contents };
}

/** What a log has in the place of calls' names and no call is called; undefined when that is nothing, or may be. */
export function unknownNamesOf(read: ReadRecording, { allowUnknown }: LogFlags): string | undefined {
  const names = allowUnknown ? [] : (read.contents?.unknownNames ?? []);
  if (names.length === 0) return undefined;
  const listed = names.slice(0, MOST_NAMED).map(({ line, text }) => {
    const meant = meantCall(text);
    return `${printable(text)} (line ${line}${meant ? `, did you mean ${meant}?` : ''})`;
  });
  const more = names.length > MOST_NAMED ? `, and ${names.length - MOST_NAMED} more` : '';
  return `no system call is called ${listed.join(', ')}${more}`;
}

/** The format that a flag names. */
function namedFormat(id: string | undefined): LogFormat | undefined {
  if (id === undefined) return undefined;
  const format = findLogFormat(id);
  if (format) return format;
  const ids = LOG_FORMATS.map((f) => f.id);
  const meant = suggest(id, ids);
  throw new CliFailure(
    `there is no log format "${printable(id)}"${meant ? `; did you mean ${meant}?` : `; it is one of ${ids.join(', ')}`}`,
  );
}

/** What was read of a file and the rest: a pipe cannot be read again. */
async function* bytesOf(head: string, rest: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  yield Buffer.from(head, 'latin1');
  for await (const chunk of rest) yield Buffer.from(chunk, 'latin1');
}

/** The bytes of a file or of stdin, a character each. */
async function* chunksOf(context: Context, file: string): AsyncGenerator<string> {
  if (file === '-') for await (const chunk of context.stdin) yield Buffer.from(chunk).toString('latin1');
  else
    for await (const chunk of inputChunks(context, file, CHUNK))
      yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString('latin1');
}

function unknownFormat(name: string, head: string): CliFailure {
  const line = head.split('\n').find((l) => l.trim() !== '');
  const shown =
    line === undefined
      ? 'the file is empty'
      : `its first line is "${printable(fromUtf8(line.trim()).slice(0, 60))}"`;
  return new CliFailure(
    `${name}: no known log format: ${shown}; --format NAME forces one (callgate read --help lists them) [unknown-log]`,
  );
}

/** What makes text of files that are no text, by how they begin. */
const BINARY_FILES: readonly (readonly [RegExp, string])[] = [
  [/^PERFILE2/, 'perf script -i FILE | callgate read -'],
  [/^LPKSHHRH/, 'journalctl --file FILE -o json | callgate read -'],
  [/^\u001f\u008b/, 'zcat FILE | callgate read -'],
  [/^\u00fd7zXZ/, 'xzcat FILE | callgate read -'],
  [/^\u0028\u00b5\u002f\u00fd/, 'zstdcat FILE | callgate read -'],
];

function binaryFile(name: string, head: string): CliFailure {
  const how = BINARY_FILES.find(([magic]) => magic.test(head))?.[1];
  return new CliFailure(`${name}: it is a binary file, no log${how ? `; write: ${how}` : ''} [unknown-log]`);
}
