/** What callgate makes on a machine outside of its own process. */
export type LeavingKind =
  | 'process'
  | 'container'
  | 'image'
  | 'cgroup'
  | 'tracing instance'
  | 'BPF program'
  | 'file';

/** A thing that a callgate which has ended has left behind. */
export interface Leaving {
  readonly kind: LeavingKind;
  /** A path, a container's or an image's name, or what a process executes. */
  readonly name: string;
  /** Whose it is, such as docker, or where it lies; undefined where the name says all. */
  readonly where?: string;
  /** Of a process, or the number that the kernel gave a BPF program. */
  readonly id?: number;
}

/** What one looked for and saw. */
export interface Sighting {
  readonly leavings: readonly Leaving[];
  /** What could not be looked at, and why, such as "containers of docker: …". */
  readonly unseen: readonly string[];
}

/** One kind of thing that may be left behind: how it is found, and how it is removed. */
export interface Finder {
  readonly id: string;
  /** Throws nothing; what it cannot see it tells. */
  find(): Promise<Sighting>;
  /** Resolves when the thing is gone. Throws an Error with the reason when it stays. */
  remove(leaving: Leaving): Promise<void>;
}

/** All that several have seen, in their order. */
export function together(sightings: readonly Sighting[]): Sighting {
  return {
    leavings: sightings.flatMap(({ leavings }) => leavings),
    unseen: sightings.flatMap(({ unseen }) => unseen),
  };
}
