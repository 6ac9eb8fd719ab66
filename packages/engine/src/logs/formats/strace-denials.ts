import { type AbiName, abiOf, abiOfCall, findAbi, X32_BIT } from '../../syscalls/arch.ts';
import { nameOf, numberOf } from '../../syscalls/lookup.ts';
import type { Entry, LogTally } from '../log-tally.ts';
import { type DenialSignal, resultOf } from './strace-lines.ts';

/** So many calls are looked back for the one that a signal is about. */
const LAST = 255;
const LONGEST_RESULT = 300;
/** They never return. */
const ENDS = /^exit(?:_group)?$/;

/** A call that was counted, and the line with its result. */
interface PastCall {
  readonly entry: Entry;
  /** How many calls came before it. */
  readonly at: number;
  readonly result: number | '?' | undefined;
}

/** A thread that died of SIGSYS, and what it had called last. */
interface Death {
  readonly call: PastCall | undefined;
  /** A signal has told of the call. */
  readonly signalled: boolean;
}

/**
 * Which calls were denied. strace prints a denied call like any other; only what follows tells: a signal with the call
 * (SECCOMP_RET_TRAP), or the death of its thread (SECCOMP_RET_KILL_*). The kernel leaves the register of the result as it
 * was (syscall_rollback): on x86 it is the call's own number, elsewhere its first argument.
 */
export class StraceDenials {
  private readonly tally: LogTally;
  // The last calls, in a ring.
  private readonly pids = new Float64Array(LAST + 1);
  private readonly entries: Entry[] = [];
  private readonly texts: string[] = [];
  private readonly froms = new Float64Array(LAST + 1);
  private readonly tos = new Float64Array(LAST + 1);
  private count = 0;
  /** By thread, how many calls there were when a signal told of a denied one. */
  private readonly signals = new Map<number, number>();
  /** Threads that died one right after the other: KILL_PROCESS takes all, of which one made the call. */
  private deaths: Death[] = [];

  constructor(tally: LogTally) {
    this.tally = tally;
  }

  /** A call was counted that stands in text[from, to). */
  called(pid: number, entry: Entry, text: string, from: number, to: number): void {
    if (this.deaths.length > 0) this.settle();
    const at = this.count++ & LAST;
    this.pids[at] = pid;
    this.entries[at] = entry;
    this.texts[at] = text;
    this.froms[at] = from;
    this.tos[at] = to;
  }

  /** The end of a thread's last call stands in text[from, to). */
  resumed(pid: number, text: string, from: number, to: number): void {
    const at = this.find(pid);
    if (at < 0) return;
    this.texts[at & LAST] = text;
    this.froms[at & LAST] = from;
    this.tos[at & LAST] = to;
  }

  /** A signal tells of a denied call; `mode` and `number` are what the lines around it tell of x32. */
  signal(pid: number, told: DenialSignal, mode: AbiName | undefined): void {
    const last = this.last(pid);
    const denied = this.callOf(told, mode === 'x32' || isX32(last));
    if (!denied) {
      this.tally.unread();
      return;
    }
    const { arch, nr } = denied;
    if (last && isSame(last, arch, nr, told.name)) this.tally.retract(last.entry);
    this.tally.call(arch, nr, { denied: true });
    if (this.signals.size < LAST) this.signals.set(pid, this.count);
  }

  died(pid: number): void {
    const call = this.last(pid);
    const signal = this.signals.get(pid);
    this.signals.delete(pid);
    this.deaths.push({ call, signalled: signal !== undefined && signal > (call?.at ?? -1) });
    if (this.deaths.length > LAST) this.settle();
  }

  /** A process has ended otherwise. */
  ended(pid: number): void {
    this.signals.delete(pid);
    this.settle();
  }

  /** Something else than a death comes. */
  settle(): void {
    const deaths = this.deaths;
    if (deaths.length === 0) return;
    this.deaths = [];
    const sure = deaths.filter(({ call, signalled }) => signalled || (call && hasOwnNumber(call)));
    for (const { call, signalled } of sure) if (call && !signalled) this.tally.wasDenied(call.entry);
    if (sure.length > 0) return;
    for (const { call } of deaths)
      if (call?.result === '?' && !ENDS.test(call.entry.name ?? '')) this.tally.wasDenied(call.entry);
  }

  private callOf({ name, nr, arch }: DenialSignal, inX32: boolean) {
    const abi = typeof arch === 'number' ? abiOfCall(arch, nr ?? 0) : auditAbi(arch);
    if (!abi) return undefined;
    if (abi.name !== 'x86_64') return numbered(abi.name, nr ?? numberOf(abi.name, name!));
    const number = nr ?? numberOf('x86_64', name!) ?? numberOf('x32', name!);
    if (number === undefined) return undefined;
    if (number >= X32_BIT) return numbered('x32', number);
    // strace takes the bit of x32 off the number of the signal.
    return inX32
      ? numbered('x32', numberOf('x32', name ?? nameOf('x86_64', number) ?? '') ?? number + X32_BIT)
      : numbered('x86_64', number);
  }

  private last(pid: number): PastCall | undefined {
    const at = this.find(pid);
    if (at < 0) return undefined;
    const slot = at & LAST;
    const line = this.texts[slot].slice(
      Math.max(this.froms[slot], this.tos[slot] - LONGEST_RESULT),
      this.tos[slot],
    );
    return { entry: this.entries[slot], at, result: resultOf(line) };
  }

  private find(pid: number): number {
    for (let at = this.count - 1; at >= 0 && at >= this.count - LAST; at--)
      if (this.pids[at & LAST] === pid) return at;
    return -1;
  }
}

function numbered(arch: AbiName, nr: number | undefined) {
  return nr === undefined ? undefined : { arch, nr };
}

function auditAbi(name: string) {
  return name === 'I386' ? abiOf('x86') : findAbi(name.toLowerCase());
}

function isX32(call: PastCall | undefined): boolean {
  return call !== undefined && (call.entry.arch === 'x32' || Number(call.result) >= X32_BIT);
}

/** Whether a thread's last call is the one that a signal tells of, and not an executed one before it. */
function isSame({ entry, result }: PastCall, arch: AbiName, nr: number, name: string | undefined): boolean {
  const isCall =
    entry.nr !== undefined ? sameNumber(entry.nr, nr) : entry.name === (name ?? nameOf(arch, nr));
  if (!isCall) return false;
  const isX86 = arch === 'x86' || arch === 'x86_64' || arch === 'x32';
  return !isX86 || result === '?' || result === undefined || sameNumber(result, nr);
}

function hasOwnNumber({ entry, result }: PastCall): boolean {
  if (typeof result !== 'number') return false;
  if (entry.nr !== undefined) return sameNumber(result, entry.nr);
  return (['x86_64', 'x86', 'x32'] as const).some((abi) => {
    const nr = numberOf(abi, entry.name!);
    return nr !== undefined && sameNumber(result, nr);
  });
}

/** Numbers of x32 stand with and without their bit. */
function sameNumber(a: number, b: number): boolean {
  return a % X32_BIT === b % X32_BIT;
}
