import type { AbiName } from '@callgate/engine/internal/syscalls/arch';
import { readLines, UNKNOWN } from './probe-lines.ts';
import { type ProbeStyle, probeProgram, TOLD } from './probe-program.ts';
import { type AttackWay, SIGALRM, UNTOLD_ERRNO, type WayEnd } from './trial.ts';

/** How a probe ended, and what it wrote to descriptor 1. */
export interface ProbeRun {
  readonly stdout: Uint8Array;
  /** 128 + n for signal n; undefined where it had to be stopped. */
  readonly status: number | undefined;
}

/** Starts a probe, a static executable without arguments, and waits until it has ended. */
export type RunProbe = (file: Uint8Array) => Promise<ProbeRun>;

const WAITS: WayEnd = { kind: 'signal', signal: SIGALRM };
const EPERM = 1;
const MOST_ERRNO = 4095;
const SIGSYS = 31;
const SIGSEGV = 11;
const SIGNALLED = 128;

/** Which program makes each call, and what has come of it; it starts as few probes as the profile lets it. */
export class ProbeRuns {
  private readonly ways: readonly AttackWay[];
  private readonly run: RunProbe;
  private readonly native: AbiName;
  private runsLeft: number;
  private readonly known = new Map<number, WayEnd>();
  /** The probe can write, and has not found out yet that no child can be made. */
  private mayShare = true;

  constructor(ways: readonly AttackWay[], run: RunProbe, native: AbiName, runs: number) {
    this.ways = ways;
    this.run = run;
    this.native = native;
    this.runsLeft = runs;
  }

  async ends(): Promise<WayEnd[]> {
    if (this.ways.length > 0) {
      const wrote = (await this.withChildren()) || (await this.inSharedMemory()) || (await this.inRows());
      if (!wrote) await this.silently();
    }
    const why = 'it takes too many runs to find out what came of it';
    return this.ways.map((_, i) => this.known.get(i) ?? { kind: 'untried', why });
  }

  /** Whether every call is known now. */
  private async withChildren(): Promise<boolean> {
    while (this.unknown().length > 0 && this.runsLeft > 0) {
      const places = this.unknown();
      const told = await this.linesOf(places, 'children');
      const made = [...(told?.lines.values() ?? [])].map(([child]) => child);
      this.mayShare = told !== undefined && !(made.length > 0 && made.every((child) => child < 0));
      for (const [i, words] of told?.lines ?? []) {
        const end = endOfChildren(this.ways[i], words);
        if (end) this.known.set(i, end);
      }
      const waiting = told && told.status === undefined ? places.find((i) => !told.lines.has(i)) : undefined;
      if (waiting === undefined) break;
      this.known.set(waiting, WAITS);
    }
    return this.unknown().length === 0;
  }

  /** Whether every call is known now. */
  private async inSharedMemory(): Promise<boolean> {
    if (!this.mayShare) return false;
    const fatal = new Set<number>();
    for (;;) {
      const places = this.unknown().filter((i) => !fatal.has(i));
      if (places.length === 0 || this.runsLeft === 0) break;
      const told = await this.linesOf(places, 'shared');
      for (const [i, [made, result]] of told?.lines ?? []) {
        if (made < 0) continue;
        if (result === UNKNOWN) fatal.add(i);
        else this.known.set(i, { kind: 'returned', result: resultOf(result) });
      }
      const waiting = told && told.status === undefined ? places.find((i) => !told.lines.has(i)) : undefined;
      if (waiting === undefined) break;
      this.known.set(waiting, WAITS);
    }
    for (const abi of new Set([...fatal].map((i) => this.ways[i].abi)))
      await this.learnSignal([...fatal].filter((i) => this.ways[i].abi === abi));
    return this.unknown().length === 0;
  }

  /**
   * By which signal calls of an ABI end their process, of those that have an answer where nothing stops them: the same for all of
   * them, a filter's SIGSYS or that of a gate which the kernel keeps shut.
   */
  private async learnSignal(fatal: readonly number[]): Promise<void> {
    const stopped = fatal.filter((i) => this.ways[i].reached.length > 0);
    if (stopped.length === 0 || this.runsLeft === 0) return;
    const told = await this.linesOf(stopped.slice(0, 1), 'row');
    if (!told || told.lines.size > 0) return;
    const end = endOfStatus(told.status);
    if (end.kind === 'signal') for (const i of stopped) this.known.set(i, end);
  }

  /** Whether the probe could write; then every call is known, or the runs are over. */
  private async inRows(): Promise<boolean> {
    while (this.unknown().length > 0 && this.runsLeft > 0) {
      // What may succeed, and change what comes after it, is last.
      const row = [...this.unknown()].sort((a, b) => this.mayChange(a) - this.mayChange(b));
      const told = await this.linesOf(row, 'row');
      if (told === undefined) return false;
      for (const i of row) {
        const words = told.lines.get(i);
        if (!words) {
          this.known.set(i, endOfStatus(told.status));
          break;
        }
        this.known.set(i, { kind: 'returned', result: resultOf(words[0]) });
        if (resultOf(words[0]) >= 0n) break;
      }
    }
    return true;
  }

  private mayChange(i: number): number {
    return this.ways[i].reached.includes(0) ? 1 : 0;
  }

  private async silently(): Promise<void> {
    for (const i of this.unknown()) {
      if (this.runsLeft === 0) return;
      const { status } = await this.start([i], 'silent');
      this.known.set(i, endOfSilent(this.ways[i], status));
    }
  }

  private unknown(): number[] {
    return this.ways.flatMap((_, i) => (this.known.has(i) ? [] : [i]));
  }

  /** The lines by the place of their call among all; undefined where the probe could not write. */
  private async linesOf(places: readonly number[], style: ProbeStyle) {
    const { stdout, status } = await this.start(places, style);
    const lines = readLines(stdout);
    if (!lines) return undefined;
    const found = new Map<number, readonly [number, number, number]>();
    for (const [i, words] of lines) if (i < places.length) found.set(places[i], words);
    return { lines: found, status };
  }

  private start(places: readonly number[], style: ProbeStyle): Promise<ProbeRun> {
    const ways = places.map((i) => this.ways[i]);
    const file = probeProgram(this.native, ways, style);
    if (!file) throw new Error(`callgate writes no programs for ${this.native}`);
    this.runsLeft--;
    return this.run(file);
  }
}

/** How a call ended that children made; undefined where nobody knows. */
function endOfChildren(
  way: AttackWay,
  [made, first, second]: readonly [number, number, number],
): WayEnd | undefined {
  if (made < 0 || first === UNKNOWN) return undefined;
  const signal = first & 0x7f;
  if (signal === 0) {
    // The low eight bits of a result, which is 0 or a negative errno.
    const status = (first >> 8) & 0xff;
    return { kind: 'returned', result: status === 0 ? 0n : BigInt(status - 256) };
  }
  if (signal !== SIGSYS) return endOfFault(way, signal);
  return second === UNKNOWN ? undefined : endOfFault(way, second & 0x7f);
}

/** What a fault tells; any other signal is the call's own end. */
function endOfFault(way: AttackWay, signal: number): WayEnd {
  switch (signal) {
    case TOLD.reached:
      return { kind: 'returned', result: BigInt(-(way.reached[0] ?? UNTOLD_ERRNO)) };
    case TOLD.denied:
      return { kind: 'returned', result: BigInt(-EPERM) };
    case TOLD.other:
      // The gate of i386 faults in the same way where the kernel keeps it shut.
      return way.abi === 'x86' ? { kind: 'signal', signal: SIGSEGV } : untold();
    default:
      return { kind: 'signal', signal };
  }
}

/** Of a result as its low 32 bits: an address may look negative. */
function resultOf(word: number): bigint {
  return word < -MOST_ERRNO ? 0n : BigInt(word);
}

function endOfStatus(status: number | undefined): WayEnd {
  if (status === undefined) return WAITS;
  return status > SIGNALLED ? { kind: 'signal', signal: status - SIGNALLED } : { kind: 'ended', status };
}

function endOfSilent(way: AttackWay, status: number | undefined): WayEnd {
  if (status === undefined) return WAITS;
  if (status > SIGNALLED) return endOfFault(way, status - SIGNALLED);
  return { kind: 'untried', why: `the probe ended with status ${status}` };
}

function untold(): WayEnd {
  return { kind: 'returned', result: BigInt(-UNTOLD_ERRNO) };
}
