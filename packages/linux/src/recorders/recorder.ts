import type { AbiName } from '@callgate/engine/syscalls/arch';
import type { Ending, LaunchPlan } from '../launch.ts';

/** How often a number was called on an ABI. */
export interface Count {
  readonly arch: AbiName;
  readonly nr: number;
  readonly count: number;
  readonly denied: number;
}

/** What a recorder saw of a program and all its descendants, from its execve on. */
export interface Tally {
  readonly ending: Ending;
  readonly counts: readonly Count[];
  /** Calls that the recorder knows it lost. */
  readonly lost: number;
  /** How often a process went where the recorder may not see it. */
  readonly left: number;
  readonly ambiguous: number;
  readonly countsDenied: boolean;
}

/** What the caller wants to hear, and how it ends the recording early. */
export interface RecordHooks {
  /** The program runs; signals meant for it go to this pid. */
  started?(pid: number): void;
  /** The program itself has ended; its pid may soon be another's. */
  ended?(): void;
  /** The program itself ended, but so many processes that it left behind still run and are recorded. */
  waiting?(processes: number): void;
  /** When aborted, every recorded process is killed and the recording ends. */
  readonly stop?: AbortSignal;
}

/** A way to see every system call that a program makes. */
export interface Recorder {
  readonly id: 'ebpf' | 'notify' | 'denials';
  /** One line: how it works and what it costs. */
  readonly about: string;
  /** Why it cannot work on this machine for this user; undefined when it can. */
  unavailable(): string | undefined;
  /** Runs the program and sees it through to its end. Leaves nothing behind, whatever happens. */
  record(plan: LaunchPlan, hooks?: RecordHooks): Promise<Tally>;
}

/** Counts by ABI and number. */
export class Counter {
  private readonly counts = new Map<string, { arch: AbiName; nr: number; count: number; denied: number }>();

  add(arch: AbiName, nr: number, count: number, denied = 0): void {
    const key = `${arch} ${nr}`;
    const entry = this.counts.get(key);
    if (entry) {
      entry.count += count;
      entry.denied += denied;
    } else this.counts.set(key, { arch, nr, count, denied });
  }

  result(): Count[] {
    return [...this.counts.values()].sort((a, b) =>
      a.arch < b.arch ? -1 : a.arch > b.arch ? 1 : a.nr - b.nr,
    );
  }
}
