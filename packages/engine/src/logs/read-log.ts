import type { AbiName } from '../syscalls/arch.ts';
import { type LogFormat, type LogReader, shorten, withoutColours } from './formats/log-format.ts';
import { LOG_FORMATS } from './log-formats.ts';
import { type CallListener, type LogContents, LogTally } from './log-tally.ts';

/** How a log is to be read. */
export interface LogOptions {
  /** The machine whose log it is. */
  readonly machine: AbiName;
  readonly wantsArguments?: boolean;
  /** Instead of the one that recognises most of the first lines. */
  readonly format?: LogFormat;
  /** Told of every single call. */
  readonly listener?: CallListener;
}

/** So much of a log decides its format. */
const HEAD_LENGTH = 64 * 1024;
const HEAD_LINES = 400;
/** Of a longer line only so much of its beginning and of its end is kept: what it calls stands in one of them. */
const LONGEST_HALF = 64 * 1024;
const CARRIAGE_RETURN = 13;
const BYTE_ORDER_MARK = /^\u00ef\u00bb\u00bf/;

/** Characters that text does not have; auditd's and JSON's separators, and what moves a terminal's cursor, are not among them. */
const CONTROL = /[\0-\u0006\u000e-\u001a]/;
/** Where a machine lost power, or a log was truncated while somebody wrote it, there are long runs of zeros in its place. */
const PADDING = /\0{8,}/g;
/** So much of a text may stand in lines with such characters. */
const MOST_ODD = 0.1;

/** Reads a log as it comes, in memory that does not grow with it. */
export class LogStream {
  private readonly tally: LogTally;
  private format: LogFormat | undefined;
  private reader: LogReader | undefined;
  private head: string[] = [];
  private headLength = 0;
  /** The beginning of an unfinished line. */
  private pending = '';
  private bytes = 0;
  private coloured = false;
  private binary = false;

  constructor(options: LogOptions) {
    this.tally = new LogTally(options.machine, options.wantsArguments, options.listener);
    this.format = options.format;
  }

  /** Whether it is no text, and nothing of it will be read. */
  get isBinary(): boolean {
    return this.binary;
  }

  /** The next part of the log; latin1, so that a byte is a character. */
  push(chunk: string): void {
    this.bytes += chunk.length;
    if (!this.binary) this.split(chunk);
  }

  /** What the log said, and in which format; undefined when it is none that callgate knows. */
  end(): { readonly format: LogFormat; readonly contents: LogContents } | undefined {
    if (this.pending !== '') this.line(this.pending, 0, this.pending.length);
    if (!this.reader) this.start();
    const { format, reader, tally } = this;
    if (!format || !reader || this.binary) return undefined;
    reader.end?.();
    return { format, contents: tally.contents(this.bytes) };
  }

  /** What a log that goes on has said up to now; undefined as long as no line of it shows its format. */
  soFar(): LogContents | undefined {
    if (!this.reader && detectFormat(this.head)) this.start();
    return this.reader && this.tally.contents(this.bytes);
  }

  /** With the format that the first lines show; where they show none, with what comes later. */
  private start(): void {
    const head = this.head;
    this.head = [];
    this.headLength = 0;
    const found = this.format ?? detectFormat(head);
    // A format that was asked for reads anything.
    this.binary ||= !this.format && isBinary(head, found);
    if (this.binary) return;
    this.format = found;
    this.reader = this.format?.reader(this.tally);
    for (const line of head) {
      if (this.reader) this.deliver(line, 0, line.length);
      else {
        this.tally.nextLine(line, 0, line.length);
        if (line.trim() !== '') this.tally.unread();
      }
    }
  }

  private split(chunk: string): void {
    this.coloured ||= chunk.includes('\u001b');
    let from = 0;
    if (this.pending !== '') {
      from = chunk.indexOf('\n') + 1;
      this.extend(from === 0 ? chunk : chunk.slice(0, from - 1));
      if (from === 0) return;
      const first = this.pending;
      this.pending = '';
      this.line(first, 0, first.length);
    }
    for (let to = chunk.indexOf('\n', from); to >= 0; to = chunk.indexOf('\n', from)) {
      this.line(chunk, from, to);
      from = to + 1;
    }
    if (from < chunk.length) this.extend(chunk.slice(from));
  }

  private extend(text: string): void {
    this.pending += text;
    if (this.pending.length <= 4 * LONGEST_HALF) return;
    this.pending = this.pending.slice(0, LONGEST_HALF) + this.pending.slice(-LONGEST_HALF);
    this.tally.note(`of lines of over ${2 * LONGEST_HALF} bytes the middle is left out`);
  }

  private line(text: string, from: number, to: number): void {
    if (this.coloured) {
      const plain = withoutColours(text.slice(from, to));
      this.deliver(plain, 0, plain.length);
    } else this.deliver(text, from, to);
  }

  private deliver(text: string, from: number, to: number): void {
    const end = to > from && text.charCodeAt(to - 1) === CARRIAGE_RETURN ? to - 1 : to;
    if (!this.reader) {
      this.collect(text.slice(from, end));
      return;
    }
    this.tally.nextLine(text, from, end);
    this.reader.line(text, from, end);
  }

  /** The first lines wait until there are enough to tell the format. */
  private collect(line: string): void {
    this.head.push(this.head.length === 0 ? line.replace(BYTE_ORDER_MARK, '') : line);
    this.headLength += Math.min(line.length, 1024);
    if (this.headLength >= HEAD_LENGTH || this.head.length >= HEAD_LINES) this.start();
  }
}

/** The format that recognises the most of a log's first lines; undefined when none recognises any. */
function detectFormat(lines: readonly string[]): LogFormat | undefined {
  let best: LogFormat | undefined;
  let most = 0;
  for (const format of LOG_FORMATS) {
    const recognised = lines.filter((line) => format.recognises(shorten(line))).length;
    const score = Math.max(recognised, format.documentLines?.(lines) ?? 0);
    if (score > most) [best, most] = [format, score];
  }
  return best;
}

/** Whether lines are those of a binary file, in which some may look like a log's by chance; a log begins with one of its own. */
function isBinary(lines: readonly string[], format: LogFormat | undefined): boolean {
  if (format?.documentLines?.(lines)) return false;
  const recognised = (line: string) => format?.recognises(shorten(line)) ?? false;
  const texts = lines.map((line) => line.replace(PADDING, '')).filter((text) => text.trim() !== '');
  if (texts.length === 0 || recognised(texts[0])) return false;
  const odd = texts.filter((text) => CONTROL.test(text) && !recognised(text));
  return lengthOf(odd) > MOST_ODD * lengthOf(texts);
}

function lengthOf(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + text.length, 0);
}
