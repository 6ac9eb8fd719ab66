import { type AbiName, X32_BIT } from '../../syscalls/arch.ts';
import { isKnownName, numberOf } from '../../syscalls/lookup.ts';
import type { CallDetail, Entry, LogTally } from '../log-tally.ts';
import { Interrupted } from './interrupted.ts';
import { type LogFormat, type LogReader, shorten } from './log-format.ts';
import { straceArguments } from './strace-arguments.ts';
import { StraceDenials } from './strace-denials.ts';
import { denialSignal, diedOfSigsys, isStraceCall, NOTICE } from './strace-lines.ts';
import { SummaryTable, straceMode } from './strace-summary.ts';

/** Lines of strace itself, of which none is a call. */
const REMARK = /^strace: |^ > |^ \| |^--- |^\s*$|^<\.\.\. \?\?\? resumed>/;
/** The rest of a record that a notice of strace's, or what the program itself printed, has cut in two. */
const REST = /^(?:[,)\]}]| => | = (?:-?\d|0x)| <unfinished \.\.\.>$| <detached \.\.\.>$|[^(]*\) += )/;
/** Behind a call: what it returned, the error in words, what came back, and the time it took (-T). */
const RESULT = /\) += (?:\?|-?\d+|0x[0-9a-f]+)(?:<[^>]*>)?(?: E[A-Z0-9]+)?(?: \([^"]*\))?(?: <[\d.]+>)?$/;
/** Only qemu-user has no number in the name of a call without a name. */
const QEMU = /^Unknown syscall \d+/;
const SUPERSEDED = /superseded by execve in pid (\d{1,10})/;

const OPEN = 40;
const SPACE = 32;
const TAB = 9;
const COLON = 58;
const LESS = 60;
const DIGIT_0 = 48;
const DIGIT_9 = 57;
const BRACKET = 91;
const GREATER = 62;
/** By character code, whether names of calls have it. */
const IN_NAMES = Uint8Array.from({ length: 256 }, (_, c) => (/\w/.test(String.fromCharCode(c)) ? 1 : 0));
const UNFINISHED = '<unfinished ...>';
const PIDS = 65_536;
const SLOTS = 4095;
const LONGEST_BRACKET = 256;
const LONGEST_RESULT = 300;

/**
 * strace with any flags. A line is: pid, time, number (-n), instruction pointer (-i), all optional, then the call. A call counts
 * where it begins; where only its end is in the log, there. strace writes line ends in strings as \n, so what a program
 * writes cannot begin a line, unless it shares strace's terminal.
 */
class StraceReader implements LogReader, CallDetail {
  private readonly tally: LogTally;
  private readonly modes = new Map<number, AbiName>();
  private readonly interrupted = new Interrupted();
  private readonly summary: SummaryTable;
  private readonly denials: StraceDenials;
  private calls = 0;
  private value = 0;
  /** Names that were counted by name alone, at the places that slotOf gives. */
  private readonly slots: ({ readonly name: string; readonly entry: Entry } | undefined)[] = new Array(
    SLOTS + 1,
  );
  /** The process that lines without a number belong to, if a notice has told its ABI. */
  private alone = 0;
  // Where the last call stands in `text`.
  private callFrom = 0;
  private callTo = 0;
  private callPid = 0;
  /** Whether it has a result; undefined until somebody asks. */
  private callEnded: boolean | undefined;
  // What stands before the call of the present line.
  private pid = 0;
  private nr = -1;
  private start = 0;
  private text = '';
  /** The next "(" of this text. */
  private open = 0;
  private searched = '';
  private searchedFrom = 0;
  private timeFrom = 0;
  private timeTo = 0;

  constructor(tally: LogTally) {
    this.tally = tally;
    this.denials = new StraceDenials(tally);
    this.summary = new SummaryTable(tally, () => this.calls === 0);
  }

  line(text: string, from: number, to: number): void {
    this.prefix(text, from, to);
    const at = this.start;
    const open = this.nextOpen(text, at);
    if (open < to && this.seenAgain(text, at, open, to)) {
      this.begun(text, at, to);
      return;
    }
    const end = endOfName(text, at, to);
    if (end > at && text.charCodeAt(end) === OPEN) {
      this.seen(text.slice(at, end), text, end, to);
      this.begun(text, at, to);
    } else if (text.startsWith('#64(', end)) this.slotOf64(text, at, end, to);
    else if (text.startsWith('<... ', at) && text[at + 5] !== '?') this.resumed(text, at + 5, to);
    else this.other(shorten(text.slice(from, to)), shorten(text.slice(at, to)));
  }

  end(): void {
    this.denials.settle();
  }

  /** Sets pid, nr, start: whatever stands before the call. */
  private prefix(text: string, from: number, to: number): void {
    this.pid = 0;
    this.nr = -1;
    this.timeTo = 0;
    let at = from;
    while (at < to) {
      const c = text.charCodeAt(at);
      if (c === SPACE || c === TAB) at++;
      else if (c >= DIGIT_0 && c <= DIGIT_9) at = this.number(text, at, to);
      else if (c === BRACKET) {
        const end = this.bracket(text, at, to);
        if (end < 0) break;
        at = end;
      } else if (c === OPEN && text.charCodeAt(at + 1) === 43) at = behind(text, ')', at, to);
      else break;
    }
    this.start = at;
  }

  /** A pid, perhaps with <comm>, or a time. */
  private number(text: string, at: number, to: number): number {
    let end = this.digits(text, at);
    const c = text.charCodeAt(end);
    if (c === LESS) {
      this.pid = this.value;
      return behind(text, '> ', end, to);
    }
    if (c === SPACE || c === TAB) {
      if (this.pid === 0 && this.timeTo === 0) this.pid = this.value;
      return end;
    }
    this.timeFrom = at;
    // 02:47:28.652157 is by far the most common.
    if (c === COLON && text.charCodeAt(at + 15) === SPACE && at + 15 < to) end = at + 15;
    while (end < to && text.charCodeAt(end) !== SPACE) end++;
    this.timeTo = end;
    return end;
  }

  /** Behind the decimal digits at `at`; their value is left in `value`. */
  private digits(text: string, at: number): number {
    let end = at;
    this.value = 0;
    for (let c = text.charCodeAt(end); c >= DIGIT_0 && c <= DIGIT_9; c = text.charCodeAt(++end))
      this.value = this.value * 10 + c - DIGIT_0;
    return end;
  }

  /** [pid N], [pid N<comm>], the number of -n, the instruction pointer of -i, or the context of --secontext; -1 for what is none of them. */
  private bracket(text: string, at: number, to: number): number {
    if (text.startsWith('[pid ', at)) {
      let end = at + 5;
      while (text.charCodeAt(end) === SPACE) end++;
      end = this.digits(text, end);
      this.pid = this.value;
      return text.charCodeAt(end) === LESS ? behind(text, '>] ', end, to) : Math.min(end + 1, to);
    }
    const end = behind(text, ']', at, to);
    const inside = text.slice(at + 1, end - 1).trim();
    if (/^(?:-1|\d{1,7}|\d{10})$/.test(inside) && this.nr < 0) this.nr = Number(inside) >>> 0;
    else if (!/^[0-9a-f?]{8,16}$|^\w+:\w+:/.test(inside)) return -1;
    return end;
  }

  /** Where the next bracket opens; looked for once, however many lines have none. */
  private nextOpen(text: string, at: number): number {
    // The next text may be equal to this one; then it begins anew.
    if (text !== this.searched || at < this.searchedFrom || this.open < at) {
      const found = text.indexOf('(', at);
      this.searched = text;
      this.open = found < 0 ? Infinity : found;
    }
    this.searchedFrom = at;
    return this.open;
  }

  /** A call stands at `at`. */
  private begun(text: string, at: number, to: number): void {
    if (text.charCodeAt(to - 1) === GREATER && text.endsWith(UNFINISHED, to)) this.interrupted.add(this.pid);
    this.callEnded = undefined;
    this.callFrom = at;
    this.callTo = to;
    this.callPid = this.pid;
  }

  /** x32 has numbers of its own for some calls; strace marks the 64-bit ones, which x32 takes too. */
  private slotOf64(text: string, at: number, open: number, to: number): void {
    const nr = numberOf('x86_64', text.slice(at, open));
    this.calls++;
    this.text = text;
    const entry = nr === undefined ? undefined : this.tally.call('x32', nr + X32_BIT, this);
    if (entry) this.denials.called(this.pid, entry, text, at, to);
    else this.tally.unread();
    if (text.endsWith(UNFINISHED, to)) this.interrupted.add(this.pid);
  }

  /** Whether a line is the rest of the last call's: that has no result then. */
  private isRest(line: string): boolean {
    if (!REST.test(line) || this.callTo === 0) return false;
    this.callEnded ??= this.hasEnded(
      this.text.slice(Math.max(this.callFrom, this.callTo - LONGEST_RESULT), this.callTo),
    );
    if (this.callEnded) return false;
    if (line.endsWith(UNFINISHED)) this.interrupted.add(this.callPid);
    return true;
  }

  private hasEnded(call: string): boolean {
    return call.endsWith(UNFINISHED) || RESULT.test(call);
  }

  /** <... NAME resumed> ends a call whose beginning was counted, unless the log begins behind it. */
  private resumed(text: string, at: number, to: number): void {
    if (this.wasBegun()) {
      this.denials.resumed(this.pid, text, at, to);
      return;
    }
    const end = endOfName(text, at, to);
    if (text.startsWith(' resumed>', end)) this.seen(text.slice(at, end), text, -1, to);
    else this.tally.unread();
  }

  /** While only one process is traced, strace leaves out its number. */
  private wasBegun(): boolean {
    const { interrupted, pid } = this;
    return interrupted.delete(pid) || interrupted.delete(0) || (pid === 0 && interrupted.deleteAny());
  }

  /** A name that needs nothing but to be counted once more, found without making a string of it. */
  private seenAgain(text: string, at: number, open: number, to: number): boolean {
    const slot = this.slots[slotOf(text, at, open)];
    const isSame = slot !== undefined && slot.name.length === open - at && text.startsWith(slot.name, at);
    if (!isSame || this.nr >= 0 || this.modes.size > 0 || this.tally.wantsArguments) return false;
    this.text = text;
    this.calls++;
    this.tally.again(slot.entry);
    this.denials.called(this.pid, slot.entry, text, at, to);
    return true;
  }

  private seen(name: string, text: string, open: number, to: number): void {
    const { tally } = this;
    this.calls++;
    const mode = this.mode();
    this.text = text;
    const entry = name.startsWith('syscall_')
      ? this.unnamed(Number(name.slice('syscall_'.length)), mode)
      : this.named(name, mode, to);
    if (entry) this.denials.called(this.pid, entry, text, this.start, to);
    if (tally.wantsArguments && open > 0 && entry)
      tally.arguments(entry, straceArguments(name, text.slice(open + 1, to)));
  }

  /** The ABI on which the present process runs, where a notice has told it. */
  private mode(): AbiName | undefined {
    return this.modes.size > 0 ? this.modes.get(this.pid || this.alone) : undefined;
  }

  private named(name: string, mode: AbiName | undefined, to: number) {
    if (!isKnownName(name)) return this.unknown(name, to);
    if (mode !== undefined) return this.tally.named(mode, name, this);
    if (this.nr >= 0) return this.tally.numberAndName(this.nr, name, this);
    const entry = this.tally.name(name, this);
    if (entry?.name !== undefined) this.slots[slotOf(name, 0, name.length)] = { name: entry.name, entry };
    return entry;
  }

  /** What looks like a call by all else has a name that is none; qemu-user writes what goes through socketcall in capitals. */
  private unknown(name: string, to: number) {
    if (/^[A-Z]{4,}$/.test(name)) return this.tally.name('socketcall', this);
    if (isStraceCall(this.text.slice(this.start, to))) this.tally.name(name, this);
    else this.tally.unread();
    return undefined;
  }

  /** A number that strace has no name for. */
  private unnamed(number: number, mode: AbiName | undefined) {
    if (!Number.isSafeInteger(number)) {
      this.tally.unread();
      return undefined;
    }
    const nr = number >>> 0;
    return mode === undefined ? this.tally.number(nr, this) : this.tally.call(mode, nr, this);
  }

  /** When the present call was made, as the log writes it. */
  time(): string | undefined {
    return this.timeTo > 0 ? this.text.slice(this.timeFrom, this.timeTo) : undefined;
  }

  private other(line: string, rest: string): void {
    const notice = NOTICE.exec(rest) ?? NOTICE.exec(line);
    if (notice) {
      this.notice(Number(notice[1]), notice[2]);
      return;
    }
    if (rest.startsWith('+++ ')) {
      this.ended(rest);
      return;
    }
    const denial = rest.startsWith('--- SIGSYS ') ? denialSignal(rest) : undefined;
    this.denials.settle();
    if (QEMU.test(rest))
      this.tally.note('qemu-user wrote it, which does not tell on which ABI the calls were made');
    if (denial) this.denials.signal(this.pid, denial, this.mode());
    else if (REMARK.test(line) || (rest !== '' && REMARK.test(rest))) return;
    else if (!this.isRest(line) && !this.summary.line(line)) this.tally.unread();
  }

  private notice(pid: number, mode: string): void {
    const abi = straceMode(mode, this.tally.machine);
    if (!abi || this.modes.size >= PIDS) return;
    this.modes.set(pid, abi);
    // While only one process is traced, its number stands in no line.
    if (this.pid === 0) this.alone = pid;
  }

  /** Numbers of processes that ended come again. A thread that calls execve goes on under its process's number. */
  private ended(rest: string): void {
    if (diedOfSigsys(rest)) this.denials.died(this.pid);
    else this.denials.ended(this.pid);
    const pid = this.pid || this.alone;
    this.modes.delete(pid);
    this.interrupted.delete(this.pid);
    const thread = Number(SUPERSEDED.exec(rest)?.[1] ?? -1);
    if (this.interrupted.delete(thread)) this.interrupted.add(this.pid);
  }
}

/** Behind the last character of a name that begins at `at`. */
function endOfName(text: string, at: number, to: number): number {
  let end = at;
  while (end < to && IN_NAMES[text.charCodeAt(end)] === 1) end++;
  return end;
}

/** The length and four letters of a name tell most of them apart. */
function slotOf(text: string, from: number, to: number): number {
  const ends = mixed(mixed(to - from, text.charCodeAt(from)), text.charCodeAt(to - 1));
  return mixed(mixed(ends, text.charCodeAt(to - 2)), text.charCodeAt((from + to) >> 1)) & SLOTS;
}

function mixed(hash: number, letter: number): number {
  return (Math.imul(hash, 31) + letter) | 0;
}

/** Behind the next `what` before `to`, as far as a comm or a context can reach; else `to`. */
function behind(text: string, what: string, at: number, to: number): number {
  const end = Math.min(to, at + LONGEST_BRACKET);
  const found = text.slice(at, end).indexOf(what);
  return found < 0 ? to : at + found + what.length;
}

/** strace, with whatever flags. */
export const strace: LogFormat = {
  id: 'strace',
  about: 'strace, with any flags',
  recognises: (line) =>
    /^(?:strace: Process \d+ |\+\+\+ exited with |\[ Process PID=\d+ runs in )/.test(line) ||
    isStraceCall(line),
  reader: (tally) => new StraceReader(tally),
};
