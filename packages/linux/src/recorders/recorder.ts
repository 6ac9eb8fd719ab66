import type { Phase } from '@callgate/engine/internal/recording/recording';
import type { AbiName } from '@callgate/engine/internal/syscalls/arch';
import type { Ending, LaunchPlan } from '../launch/launch.ts';

/** How often a number was called on an ABI. */
export interface Count {
  readonly arch: AbiName;
  readonly nr: number;
  readonly count: number;
  readonly denied: number;
}

/** The same, where the recorder knows more: when, by whom first, and with which arguments. */
export interface PhaseCount extends Count {
  /** The ABI is an assumption. */
  readonly assumed?: boolean;
  readonly phase?: Phase;
  /** comm of the process that made the first. */
  readonly process?: string;
  /** When it did, in milliseconds since 1970. */
  readonly time?: number;
  /** What of the arguments is worth keeping, other bits zero; undefined where a value is not known. */
  readonly args?: readonly (bigint | undefined)[];
}

/** What a recorder saw of a program and all its descendants, from its execve on. */
export interface Tally {
  readonly ending: Ending;
  readonly counts: readonly PhaseCount[];
  /** Calls that the recorder knows it lost. */
  readonly lost: number;
  /** How often a process went where the recorder may not see it. */
  readonly left: number;
  /** Calls whose ABI the recorder could not tell. */
  readonly ambiguous: number;
  readonly countsDenied: boolean;
  /** What it cannot see, where that is more than what the other fields say. */
  readonly notes?: readonly string[];
}

/** What the caller wants to hear, and how it ends the recording early. */
export interface RecordHooks {
  /** The program is about to run, or runs; signals meant for it go to this pid. */
  started?(pid: number): void;
  /** The recorder learns of the program only by looking; `look` does so at once, as when a signal has come that may be for it. */
  looking?(look: () => void): void;
  /** The program itself has ended; its pid may soon be another's. */
  ended?(): void;
  /** The program itself ended, but so many processes that it left behind still run and are recorded. */
  waiting?(processes: number): void;
  /** Whether the values of arguments are wanted, where the recorder can see them. */
  readonly args?: boolean;
  /** When aborted, every recorded process is killed and the recording ends. */
  readonly stop?: AbortSignal;
}

export type RecorderId = 'ebpf' | 'tracefs' | 'notify' | 'log' | 'strace' | 'denials';

/** A recorder finds out too late that it cannot observe the program, which has not run yet. */
export class RecorderCannotStart extends Error {
  constructor(id: RecorderId, cause: unknown) {
    super(`${id} cannot record here: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

/** A way to see every system call that a program makes. */
export interface Recorder {
  readonly id: RecorderId;
  /** One line: how it works and what it costs. */
  readonly about: string;
  /** Why it cannot work on this machine for this user; undefined when it can. */
  unavailable(): string | undefined;
  /** The same, where only a call that is really made tells, and takes a moment. */
  unavailableByTrial?(): Promise<string | undefined>;
  /** Runs the program and sees it through to its end. Leaves nothing behind, whatever happens. */
  record(plan: LaunchPlan, hooks?: RecordHooks): Promise<Tally>;
}

/** Of one call in one phase: more different arguments are not kept, for no condition could be made of them. */
export const MOST_TUPLES = 1024;

/** Counts calls that are alike: by ABI, number, phase and arguments, of which only so many are kept apart. */
export class Counter {
  private readonly tuples = new Map<string, number>();
  private readonly counts = new Map<string, PhaseCount & { count: number; denied: number }>();

  add(seen: PhaseCount): void {
    const call = this.withRoom(seen);
    const key = keyOf(call);
    const entry = this.counts.get(key);
    if (entry) {
      entry.count += call.count;
      entry.denied += call.denied;
    } else this.counts.set(key, { ...call });
  }

  /** The call, without its arguments where there are too many already. */
  private withRoom(call: PhaseCount): PhaseCount {
    if (!call.args || this.counts.has(keyOf(call))) return call;
    const { args, ...rest } = call;
    const about = keyOf(rest);
    const tuples = (this.tuples.get(about) ?? 0) + 1;
    if (tuples > MOST_TUPLES) return rest;
    this.tuples.set(about, tuples);
    return call;
  }

  result(): PhaseCount[] {
    return [...this.counts.values()].sort((a, b) =>
      a.arch < b.arch ? -1 : a.arch > b.arch ? 1 : a.nr - b.nr,
    );
  }
}

function keyOf({ arch, nr, phase, args }: PhaseCount): string {
  return `${arch} ${nr} ${phase ?? ''} ${args?.join(' ') ?? ''}`;
}
