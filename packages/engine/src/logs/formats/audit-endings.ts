import { copyOf, type Entry, LONGEST_TEXT, type LogTally } from '../log-tally.ts';

/** What a SECCOMP record was found to tell. */
export interface CountedRecord {
  readonly entry: Entry;
  readonly denied: boolean;
}

interface Ending extends CountedRecord {
  /** From " sig=" to the instruction pointer. */
  readonly call: string;
  /** From " code=" to the end of the line. */
  readonly code: string;
}

const SPACE = 32;
const BRACKET = 91;
const CLOSING = 93;
const DIGIT_0 = 48;
const DIGIT_9 = 57;
const SLOTS = 4095;
const LONGEST_LINE = 4096;
const LONGEST_STAMP = 32;
const SEPARATOR = '\u001d';
const BEHIND_NUMBER = ' compat=0'.length;

/**
 * Knows records by their ends, which are the kernel's and the same for every call of a kind: a log is made of millions
 * of them. Only lines as dmesg and auditd write them, found without making a string of any.
 */
export class AuditEndings {
  private readonly tally: LogTally;
  /** At the place that the digits of the call's number give. */
  private readonly slots: (Ending | undefined)[] = new Array(SLOTS + 1);
  // Where the present line's end is, if it is a plain one.
  private text = '';
  private from = 0;
  private to = 0;
  private ip = -1;
  private code = 0;
  private slot = 0;
  /** How long these were in the last line; mostly they are as long in the next. */
  private stampLength = 0;
  private codeLength = 0;
  /** Whether the text has lines with names behind a group separator. */
  private isEnriched = false;

  constructor(tally: LogTally) {
    this.tally = tally;
  }

  /** Counts the record once more if its end is known. */
  seenAgain(text: string, from: number, to: number): boolean {
    this.ip = -1;
    if (!this.isPlain(text, from, to)) return false;
    const code = text.startsWith(' code=', to - this.codeLength)
      ? to - this.codeLength
      : spaceBefore(text, to, from);
    const ip = spaceBefore(text, code, from);
    if (!text.startsWith(' ip=', ip)) return false;
    this.from = from;
    this.to = to;
    this.ip = ip;
    this.code = code;
    this.slot = digitsBefore(text, ip - BEHIND_NUMBER) & SLOTS;
    const known = this.slots[this.slot];
    if (known === undefined || to - code !== known.code.length) return false;
    const call = ip - known.call.length;
    if (call < from || !text.startsWith(known.call, call) || !text.startsWith(known.code, code)) return false;
    this.tally.again(known.entry, known.denied);
    return true;
  }

  /** What the line that was not seen before has told. */
  remember({ entry, denied }: CountedRecord): void {
    const { text, from, to, ip, code } = this;
    const call = text.lastIndexOf(' sig=', ip);
    if (ip < 0 || call < from || ip - call > LONGEST_TEXT || to - code > LONGEST_TEXT) return;
    this.codeLength = to - code;
    this.slots[this.slot] = {
      entry,
      denied,
      call: copyOf(text.slice(call, ip)),
      code: copyOf(text.slice(code, to)),
    };
  }

  private isPlain(text: string, from: number, to: number): boolean {
    if (text !== this.text) {
      this.text = text;
      this.isEnriched = text.includes(SEPARATOR);
    }
    if (this.isEnriched || to - from > LONGEST_LINE) return false;
    if (text.charCodeAt(from) !== BRACKET) return text.startsWith('type=SECCOMP msg=audit(', from);
    if (text.charCodeAt(from + this.stampLength) !== CLOSING)
      this.stampLength = text.slice(from, from + LONGEST_STAMP).indexOf(']');
    return text.startsWith('] audit: type=1326 audit(', from + this.stampLength);
  }
}

/** Where the last space before `to` is; `from` when there is none near. */
function spaceBefore(text: string, to: number, from: number): number {
  const last = Math.max(from, to - LONGEST_TEXT);
  let at = to - 1;
  while (at > last && text.charCodeAt(at) !== SPACE) at--;
  return at;
}

/** The digits before `to` as a number: as good as a hash of a line, since the call's number stands there. */
function digitsBefore(text: string, to: number): number {
  let value = 0;
  let at = to - 1;
  for (let c = text.charCodeAt(at); c >= DIGIT_0 && c <= DIGIT_9; c = text.charCodeAt(--at))
    value = (value * 31 + c) | 0;
  return value;
}
