import type { Observation, Phase, Recording } from '../recording/recording.ts';
import { nameOf } from '../syscalls/lookup.ts';

/** Why a call stands in a built profile; a call may have several reasons. */
export type Reason =
  | Seen
  | { readonly kind: 'base'; readonly why: string }
  | { readonly kind: 'floor'; readonly runtime: string; readonly why: string }
  | { readonly kind: 'projection' | 'forecast'; readonly from: readonly string[]; readonly why: string }
  | { readonly kind: 'hand'; readonly why: string };

/** What the recordings say of a call. */
export interface Seen {
  readonly kind: 'seen';
  readonly count: number;
  /** How many of the runs show it. */
  readonly runs: number;
  readonly phases: readonly Phase[];
  /** The first process that made it, and when, where a recording tells. */
  readonly process?: string;
  readonly time?: string;
}

const RECORDED_FLOOR: Reason = {
  kind: 'floor',
  runtime: 'recorded',
  why: 'the container runtime called it under the filter while this was recorded',
};

/** Which calls are wanted, and why. */
export class Demand {
  private readonly reasons = new Map<string, Reason[]>();

  names(): string[] {
    return [...this.reasons.keys()];
  }

  namesSeen(): Set<string> {
    return new Set(this.names().filter((name) => this.reasons.get(name)!.some((r) => r.kind === 'seen')));
  }

  add(name: string, reason: Reason): void {
    const entry = this.reasons.get(name);
    if (entry) entry.push(reason);
    else this.reasons.set(name, [reason]);
  }

  /** Takes a call out; returns why it was wanted. */
  remove(name: string): readonly Reason[] {
    const reasons = this.reasons.get(name) ?? [];
    this.reasons.delete(name);
    return reasons;
  }

  has(name: string): boolean {
    return this.reasons.has(name);
  }

  addFirst(name: string, reason: Reason): void {
    this.reasons.set(name, [reason, ...(this.reasons.get(name) ?? [])]);
  }

  addUnlessThere(name: string, reason: Reason): void {
    if (!this.reasons.has(name)) this.add(name, reason);
  }

  /** Everything that was recorded; returns what cannot or should not be allowed. */
  addSeen(
    recordings: readonly Recording[],
    { withDenied, hasFloor }: { readonly withDenied?: boolean; readonly hasFloor: boolean },
  ) {
    const seen = new Map<string, Seen>();
    const unnamed: Observation[] = [];
    const denied = new Set<string>();
    for (const recording of recordings) {
      const inThisRun = new Set<string>();
      for (const observation of recording.observations) {
        const { count, phase } = observation;
        // What a file says of the name is not believed.
        const name = nameOf(observation.arch, observation.nr) ?? '';
        if (phase === 'runtime') {
          // What runtimes call is known better than one start can show it.
          if (!hasFloor && name !== '') this.addUnlessThere(name, RECORDED_FLOOR);
        } else if (name === '') unnamed.push(observation);
        else if (count === 0 && !withDenied) denied.add(name);
        else {
          const runs = inThisRun.has(name) ? 0 : recording.runs;
          inThisRun.add(name);
          seen.set(name, seenAgain(seen.get(name), observation, runs));
        }
      }
    }
    for (const [name, reason] of seen) this.addFirst(name, reason);
    return { unnamed, denied };
  }

  /**
   * Takes a call whose arguments no filter can see for the older one that libc falls back to; whether either is wanted.
   * clone3(2) has its flags in memory.
   */
  swap(name: string, older: string): boolean {
    const reasons = this.reasons.get(name);
    if (reasons && !this.reasons.has(older))
      this.add(older, { kind: 'hand', why: `instead of ${name}, whose arguments no filter can see` });
    this.reasons.delete(name);
    return this.reasons.has(older);
  }

  sorted(): Map<string, readonly Reason[]> {
    return new Map([...this.reasons].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}

function seenAgain(before: Seen | undefined, observation: Observation, runs: number): Seen {
  const { count, phase, first } = observation;
  const earlier = before?.time !== undefined && (first?.time === undefined || before.time <= first.time);
  const { process, time } = earlier || first === undefined ? (before ?? {}) : first;
  return {
    kind: 'seen',
    count: (before?.count ?? 0) + count,
    runs: (before?.runs ?? 0) + runs,
    phases: [...new Set([...(before?.phases ?? []), phase])],
    ...(process !== undefined && { process }),
    ...(time !== undefined && { time }),
  };
}
