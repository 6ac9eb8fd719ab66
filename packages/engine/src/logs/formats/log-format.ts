import type { LogTally } from '../log-tally.ts';

const LONGEST_HALF = 4096;

/** Reads one log, line by line, and tells a tally what it finds. A machine with state: a log is a conversation. */
export interface LogReader {
  /**
   * One line: text[from, to), without its line end. The text is latin1, so that a byte is a character; it is
   * shared between lines, so that no line needs a string of its own.
   */
  line(text: string, from: number, to: number): void;
  /** After the last line. */
  end?(): void;
}

/** One format of logs; each has a file of its own. */
export interface LogFormat {
  /** As `callgate read --format` takes it. */
  readonly id: string;
  /** One line: which tools write it. */
  readonly about: string;
  /** Whether a line looks like this format. The format that recognises the most of a log's first lines reads it. */
  recognises(line: string): boolean;
  /** Of a log's first lines, how many belong to one document of this format, whatever each looks like; 0: none. */
  documentLines?(lines: readonly string[]): number;
  reader(tally: LogTally): LogReader;
}

/** A reader for formats whose lines are rare enough to be strings of their own. */
export function eachLine(read: (line: string) => void): LogReader {
  return { line: (text, from, to) => read(shorten(text.slice(from, to))) };
}

/** What colours text on a terminal; dmesg and strace can colour what they print. */
const COLOURS = /\u001b\[[0-9;]*m/g;

export function withoutColours(line: string): string {
  return line.includes('\u001b') ? line.replace(COLOURS, '') : line;
}

/** Of a line that is no JSON the middle is left out: what decides stands at its ends, and patterns must stay fast. */
export function shorten(line: string): string {
  return line.length <= 2 * LONGEST_HALF || /^\s{0,8}(?:\u001e|data: )?[[{]/.test(line)
    ? line
    : line.slice(0, LONGEST_HALF) + line.slice(-LONGEST_HALF);
}

/** A reader of JSON lines: an object or a list of them a line; anything else is unread. */
export function eachObject(tally: LogTally, read: (object: JsonObject) => void): LogReader {
  return eachLine((line) => {
    if (line.trim() === '') return;
    const objects = parseObjects(line);
    for (const object of objects) read(object);
    if (objects.length === 0) tally.unread();
  });
}

function parseObjects(line: string): JsonObject[] {
  if (!/^\s*\[/.test(line)) return [parseObject(line)].filter((o) => o !== undefined);
  try {
    return (JSON.parse(line) as unknown[]).map(asObject).filter((o) => o !== undefined);
  } catch {
    return [];
  }
}

export type JsonObject = Readonly<Record<string, unknown>>;

/** The JSON object that a line holds, if it holds one; also as json-seq and server-sent events have it. */
export function parseObject(line: string): JsonObject | undefined {
  const start = /^(?:\u001e|data: |\s*)(?=\{)/.exec(line);
  if (!start) return undefined;
  try {
    return asObject(JSON.parse(line.slice(start[0].length)));
  } catch {
    return undefined;
  }
}

/** The value, if it is an object. */
export function asObject(value: unknown): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as JsonObject)
    : undefined;
}

/** The value, if it is a string, else "". */
export function asText(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** The value, if it is a whole number of 32 bits; numbers in strings count. */
export function asNumber(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^-?\d{1,10}$/.test(value) ? Number(value) : value;
  return Number.isInteger(number) && Math.abs(number as number) <= 0xffff_ffff
    ? (number as number)
    : undefined;
}

/** A register of up to 64 bits, as the kernel prints it without 0x. */
export function hexadecimal(text: string): bigint | undefined {
  return /^[0-9a-f]{1,16}$/.test(text) ? BigInt(`0x${text}`) : undefined;
}
