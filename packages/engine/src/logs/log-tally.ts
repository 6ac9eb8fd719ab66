import type { ActionKind } from '../bpf/action.ts';
import { worthOf } from '../recording/worthwhile-arguments.ts';
import { type AbiName, abiOf, abiOfCall, X32_BIT } from '../syscalls/arch.ts';
import { isKnownName, nameOf, numberOf } from '../syscalls/lookup.ts';
import { ArgumentTally, type ArgumentValues } from './argument-tally.ts';

/** One call that a log tells of, as far as the log tells it. */
export interface LoggedCall {
  /** Undefined: the log does not say on which ABI. */
  readonly arch?: AbiName;
  /** As seccomp_data has it. Undefined: the log has only the name. */
  readonly nr?: number;
  /** Undefined: the log has only the number. */
  readonly name?: string;
  readonly executed: number;
  readonly denied: number;
  /** The first process that made it, where the log tells. */
  readonly process?: string;
  /** When it made it, as the log writes it. */
  readonly time?: string;
  readonly args?: readonly ArgumentValues[];
}

/** A line that no reader could make sense of. */
export interface UnreadLine {
  /** From 1. */
  readonly line: number;
  readonly text: string;
}

/** Everything that a log said. */
export interface LogContents {
  readonly calls: readonly LoggedCall[];
  readonly lines: number;
  readonly bytes: number;
  /** Records that the log says are missing. */
  readonly lost: number;
  readonly unread: number;
  /** The first of them. */
  readonly examples: readonly UnreadLine[];
  readonly notes: readonly string[];
  /** Names that stand where a call's should and that no call has, each once, with the line that has it first. */
  readonly unknownNames: readonly UnreadLine[];
}

/** Names that no call has. */
const UNKNOWN_NAMES = 100;
/** Numbers that no table knows; known calls are few. */
const UNKNOWN_NUMBERS = 1000;
/** Different arguments of all calls together. */
const TUPLES = 100_000;
/** Of texts that are kept. */
export const LONGEST_TEXT = 64;
const EXAMPLES = 10;
const EXAMPLE_LENGTH = 160;

/** What a reader adds to a call that it found. */
export interface CallDetail {
  readonly denied?: boolean;
  readonly count?: number;
  /** Worked out only for the first call of its kind. */
  process?(): string | undefined;
  time?(): string | undefined;
  /** What a record of the kernel's says beside the call itself. */
  record?(): RecordDetail;
}

/** What one SECCOMP record of the kernel's says of who made the call, and what became of it. */
export interface RecordDetail {
  readonly action?: ActionKind;
  readonly pid?: number;
  readonly exe?: string;
  /** Where the program goes on behind the call. */
  readonly ip?: bigint;
}

/** One call as a reader came across it. */
export interface HeardCall extends RecordDetail {
  readonly arch?: AbiName;
  readonly nr?: number;
  readonly name?: string;
  readonly denied: boolean;
  readonly process?: string;
  readonly time?: string;
}

/** Told of every single call, for those who want more than sums. */
export type CallListener = (call: HeardCall) => void;

/** One call, and what was counted of it. */
export interface Entry {
  arch?: AbiName;
  nr?: number;
  name?: string;
  executed: number;
  denied: number;
  process?: string;
  time?: string;
  args?: ArgumentTally;
}

/** Counts what a reader finds, in memory that does not grow with the log. */
export class LogTally {
  /** Whether arguments are wanted; readers need not look at them otherwise. */
  readonly wantsArguments: boolean;
  /** The machine whose log this is; it decides what "32 bit" means. */
  readonly machine: AbiName;
  /** The machine's own ABI, and what it also runs. */
  private readonly abis: readonly AbiName[];
  private readonly byName = new Map<string, Entry | undefined>();
  private readonly byNumber = new Map<number, Entry>();
  private readonly byCall = new Map<string, Entry>();
  private readonly unknownNames = new Map<string, number>();
  private readonly noted = new Set<string>();
  private readonly examples: UnreadLine[] = [];
  private unknown = 0;
  private tuples = 0;
  private lostCount = 0;
  private unreadCount = 0;
  private lastUnread = 0;
  private lineNumber = 0;
  private lineText = '';
  private lineFrom = 0;
  private lineTo = 0;
  private readonly listener: CallListener | undefined;

  constructor(machine: AbiName, wantsArguments = false, listener?: CallListener) {
    this.machine = machine;
    this.listener = listener;
    this.abis = [machine, ...abiOf(machine).subAbis];
    this.wantsArguments = wantsArguments;
  }

  /** Whether somebody wants every single call: no record may be passed over because it is like another. */
  get isHeard(): boolean {
    return this.listener !== undefined;
  }

  /** The next line begins: text[from, to). */
  nextLine(text: string, from: number, to: number): void {
    this.lineNumber++;
    this.lineText = text;
    this.lineFrom = from;
    this.lineTo = to;
  }

  /** Counts a call whose name does not tell the ABI. Without such a call the line counts as not understood, and it is false. */
  name(name: string, detail?: CallDetail): Entry | undefined {
    let entry = this.byName.get(name);
    if (entry === undefined) {
      if (!isKnownName(name)) {
        this.unknownName(name);
        return undefined;
      }
      entry = this.create({ name: copyOf(name) }, detail);
      if (!entry) return undefined;
      this.byName.set(entry.name!, entry);
    }
    return this.counted(entry, detail);
  }

  /** One more of a call that was counted before. */
  again(entry: Entry, denied = false): void {
    if (denied) entry.denied++;
    else entry.executed++;
    this.tell(entry, { denied });
  }

  /** It turns out that a call which was counted was not made, but denied. */
  wasDenied(entry: Entry): void {
    this.retract(entry);
    this.counted(entry, { denied: true });
  }

  /** It turns out that a call which was counted was not made. */
  retract(entry: Entry): void {
    entry.executed = Math.max(0, entry.executed - 1);
    if (entry.executed === 0) delete entry.args;
  }

  /** The same where other things than calls have names too: those are passed over. */
  nameIfKnown(name: string, detail?: CallDetail): Entry | undefined {
    return isKnownName(name) ? this.name(name, detail) : undefined;
  }

  /** A call by a number that does not tell the ABI, unless it has x32's bit. */
  number(nr: number, detail?: CallDetail): Entry | undefined {
    if (this.isX32(nr)) return this.call('x32', nr, detail);
    let entry = this.byNumber.get(nr);
    if (entry === undefined) {
      entry = this.create({ nr }, detail);
      if (!entry) return undefined;
      this.byNumber.set(nr, entry);
    }
    return this.counted(entry, detail);
  }

  /** A call whose ABI and number are sure. */
  call(arch: AbiName, nr: number, detail?: CallDetail): Entry | undefined {
    const key = `${arch} ${nr}`;
    let entry = this.byCall.get(key);
    if (entry === undefined) {
      entry = this.create({ arch, nr, name: nameOf(arch, nr) }, detail);
      if (!entry) return undefined;
      this.byCall.set(key, entry);
    }
    return this.counted(entry, detail);
  }

  /** A call by seccomp_data.arch and number, as the audit subsystem has them. Unread when the ABI is none we know. */
  auditCall(auditArch: number, nr: number, detail?: CallDetail): Entry | undefined {
    const abi = abiOfCall(auditArch, nr);
    if (abi) return this.call(abi.name, nr, detail);
    this.unread();
    return undefined;
  }

  /** A call by name on an ABI that is sure; ambiguous when that ABI has no such call. */
  named(arch: AbiName, name: string, detail?: CallDetail): Entry | undefined {
    const nr = numberOf(arch, name);
    return nr === undefined ? this.name(name, detail) : this.call(arch, nr, detail);
  }

  /**
   * A call by number and name: the ABI is sure when just one of this machine's has that name under that number.
   */
  numberAndName(nr: number, name: string, detail?: CallDetail): Entry | undefined {
    if (this.isX32(nr)) return this.call('x32', nr, detail);
    const abis = this.abis.filter((abi) => nameOf(abi, nr) === name);
    return abis.length === 1 ? this.call(abis[0], nr, detail) : this.name(name, detail);
  }

  /** Whether any ABI of the machine has a call of that number. */
  knows(nr: number): boolean {
    return this.isX32(nr) || this.abis.some((abi) => nameOf(abi, nr) !== undefined);
  }

  /** Arguments of a call that was just counted; those that are worth a condition are kept, as long as there is room. */
  arguments(entry: Entry | undefined, values: ArgumentValues['values']): void {
    const worth = entry && worthOf(entry.name ?? nameOf(this.machine, entry.nr!) ?? '');
    if (!worth) return;
    entry.args ??= new ArgumentTally();
    const before = entry.args.distinct;
    if (this.tuples < TUPLES)
      entry.args.add(
        worth.map((wanted, i) => (wanted ? values[i] : undefined)),
        1,
      );
    else entry.args.miss(1);
    this.tuples += entry.args.distinct - before;
  }

  /** Only x32 has such numbers, and only machines of one kind have x32. */
  private isX32(nr: number): boolean {
    return this.abis.includes('x32') && nr >= X32_BIT && nr < 2 * X32_BIT;
  }

  /** Records that the log itself says were lost. */
  lost(records: number): void {
    if (Number.isSafeInteger(records) && records > 0) this.lostCount = plus(this.lostCount, records);
  }

  private counted(entry: Entry, detail: CallDetail | undefined): Entry {
    this.tell(entry, detail);
    return count(entry, detail);
  }

  private tell({ arch, nr, name }: Entry, detail: CallDetail | undefined): void {
    if (!this.listener) return;
    const [process, time] = [detail?.process?.(), detail?.time?.()];
    this.listener({
      ...(arch !== undefined && { arch }),
      ...(nr !== undefined && { nr }),
      ...(name !== undefined && { name }),
      denied: detail?.denied ?? false,
      ...(process && { process: copyOf(process) }),
      ...(time && { time: copyOf(time) }),
      ...detail?.record?.(),
    });
  }

  private unknownName(name: string): void {
    this.unread();
    const text = copyOf(name);
    if (this.unknownNames.size < UNKNOWN_NAMES && !this.unknownNames.has(text))
      this.unknownNames.set(text, this.lineNumber);
  }

  /** The present line holds something that cannot be understood. */
  unread(): void {
    if (this.lastUnread === this.lineNumber) return;
    this.lastUnread = this.lineNumber;
    this.unreadCount++;
    if (this.examples.length === EXAMPLES) return;
    const to = Math.min(this.lineTo, this.lineFrom + EXAMPLE_LENGTH);
    const text = copyOf(this.lineText.slice(this.lineFrom, to), EXAMPLE_LENGTH);
    this.examples.push({ line: this.lineNumber, text });
  }

  /** Something that the reader of the summary should know; said once. */
  note(text: string): void {
    if (this.noted.size < EXAMPLES) this.noted.add(text);
  }

  contents(bytes: number): LogContents {
    const entries = [...this.byCall.values(), ...this.byNumber.values(), ...this.byName.values()];
    return {
      calls: entries.flatMap((entry) =>
        entry && entry.executed + entry.denied > 0 ? [{ ...entry, args: entry.args?.result() }] : [],
      ),
      lines: this.lineNumber,
      bytes,
      lost: this.lostCount,
      unread: this.unreadCount,
      examples: this.examples,
      notes: [...this.noted],
      unknownNames: [...this.unknownNames].map(([text, line]) => ({ line, text })),
    };
  }

  private create(what: Partial<Entry>, detail: CallDetail | undefined): Entry | undefined {
    const isKnown = what.name !== undefined || this.knows(what.nr!);
    if (!isKnown && this.unknown >= UNKNOWN_NUMBERS) {
      this.unread();
      this.note(`more than ${UNKNOWN_NUMBERS} numbers that no call has: the rest is not kept`);
      return undefined;
    }
    if (!isKnown) this.unknown++;
    const [process, time] = [detail?.process?.(), detail?.time?.()];
    return {
      ...what,
      executed: 0,
      denied: 0,
      ...(process && { process: copyOf(process) }),
      ...(time && { time: copyOf(time) }),
    };
  }
}

function count(entry: Entry, detail: CallDetail | undefined): Entry {
  const n = detail?.count ?? 1;
  if (detail?.denied) entry.denied = plus(entry.denied, n);
  else entry.executed = plus(entry.executed, n);
  return entry;
}

/** A sum that stays a whole number that JSON can hold. */
export function plus(a: number, b: number): number {
  return Math.min(a + b, Number.MAX_SAFE_INTEGER);
}

/** A short text of its own, not a view into the whole part of the log that it comes from, which would also be slow to read. */
export function copyOf(text: string, longest = LONGEST_TEXT): string {
  return text.slice(0, longest).split('').join('');
}
