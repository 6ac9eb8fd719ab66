/** The form of scripts/data/libc-measured.json. */
export interface Measured {
  readonly provenance: {
    readonly generator: string;
    readonly date: string;
    readonly kernel: string;
    readonly arch: string;
    readonly recorder: string;
    /** How often everything was recorded. */
    readonly runs: number;
    /** The Node of node-same and node-musl, from PyPI. */
    readonly node: string;
  };
  readonly images: readonly { readonly image: string; readonly packages: Readonly<Record<string, string>> }[];
  readonly programs: readonly MeasuredProgram[];
  readonly topics: readonly MeasuredTopic[];
}

/** Names of calls, in order. */
export interface Seen {
  /** In every run. */
  readonly always: readonly string[];
  /** In some runs only. */
  readonly sometimes: readonly string[];
}

/** A real program in one image. */
export interface MeasuredProgram extends Seen {
  readonly program: string;
  readonly image: string;
  /** Such as "glibc 2.31". */
  readonly libc: string;
}

/** A topic of calls.c under one libc; but for "start", only what it calls on top of "start". */
export interface MeasuredTopic extends Seen {
  readonly topic: string;
  readonly image: string;
  readonly libc: string;
  /** The image whose compiler and headers built it. */
  readonly builtIn: string;
}

export function seenIn(runs: readonly (readonly string[])[]): Seen {
  const all = [...new Set(runs.flat())].sort();
  const isEverywhere = (name: string) => runs.every((run) => run.includes(name));
  return { always: all.filter(isEverywhere), sometimes: all.filter((name) => !isEverywhere(name)) };
}

export function anyOf({ always, sometimes }: Seen): Set<string> {
  return new Set([...always, ...sometimes]);
}

/** What has the same key, in the order in which the keys come first. */
export function grouped<T>(list: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of list) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}
