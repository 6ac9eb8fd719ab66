import type { AbiName } from '../syscalls/arch.ts';
import { LOG_FORMATS } from './log-formats.ts';
import { type LogContents, LogTally } from './log-tally.ts';
import { type LogFormat, type LogReader, shorten } from './parsers/log-format.ts';

/** How a log is to be read. */
export interface LogOptions {
  /** The machine whose log it is. */
  readonly machine: AbiName;
  readonly wantsArguments?: boolean;
  /** Instead of the one that recognises most of the first lines. */
  readonly format?: LogFormat;
}

/** So much of a log decides its format. */
const HEAD_LENGTH = 64 * 1024;
const HEAD_LINES = 400;
/** Of a longer line only so much of its beginning and of its end is kept: what it calls stands in one of them. */
const LONGEST_HALF = 64 * 1024;
const CARRIAGE_RETURN = 13;
const BYTE_ORDER_MARK = /^\u00ef\u00bb\u00bf/;
/** What colours text on a terminal; dmesg and strace can colour what they print. */
const COLOURS = /\u001b\[[0-9;]*m/g;

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

  constructor(options: LogOptions) {
    this.tally = new LogTally(options.machine, options.wantsArguments);
    this.format = options.format;
  }

  /** The next part of the log; latin1, so that a byte is a character. */
  push(chunk: string): void {
    this.bytes += chunk.length;
    this.split(chunk);
  }

  /** What the log said, and in which format; undefined when it is none that callgate knows. */
  end(): { readonly format: LogFormat; readonly contents: LogContents } | undefined {
    if (this.pending !== '') this.line(this.pending, 0, this.pending.length);
    if (!this.reader) this.start();
    const { format, reader, tally } = this;
    if (!format || !reader) return undefined;
    reader.end?.();
    return { format, contents: tally.contents(this.bytes) };
  }

  /** With the format that the first lines show; where they show none, with what comes later. */
  private start(): void {
    this.format ??= detectFormat(this.head);
    this.reader = this.format?.reader(this.tally);
    const head = this.head;
    this.head = [];
    this.headLength = 0;
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
      const plain = text.slice(from, to).replace(COLOURS, '');
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
