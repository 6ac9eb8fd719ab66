import type { DeniedCalls } from '@callgate/engine/internal/watch/denied-call';

/** Calls that a source saw, all alike; their comm is not decoded: a byte a character. */
export interface SeenCalls extends Omit<DeniedCalls, 'place'> {
  /** Where the source knows it: that tells the container after the process has ended. */
  readonly mounts?: SeenMounts;
}

/** A mount namespace that was seen. */
export interface SeenMounts {
  /** What tells it from every other, also from later ones. */
  readonly id: bigint;
  /** The number that /proc/PID/ns/mnt shows; a later namespace may get it again. */
  readonly number: number;
  /** Of the machine that it looked like from inside. */
  readonly hostname: string;
  /** The end of the path of the process's cgroup (v2): the last two names. */
  readonly cgroup: string;
}

/** What a source did not tell of what happened. */
export interface SourceLosses {
  readonly lost: number;
  /** Where that number is not the whole truth. */
  readonly notes: readonly string[];
}

/** Whose calls are wanted, as far as the kernel can leave out the others. */
export interface WatchedProcesses {
  readonly pid?: number;
  /** A byte a character, at most 15, as the kernel keeps it. */
  readonly comm?: string;
}

/** Something that tells of denied and logged calls. */
export interface WatchSource {
  readonly id: 'kernel-log' | 'audit' | 'ebpf' | 'ebpf+audit' | 'log';
  /** Waits until there is something to take, or for so many milliseconds. */
  wait(milliseconds: number): Promise<void>;
  /** What came since the last time. */
  take(): Iterable<SeenCalls>;
  losses(): SourceLosses;
  /** Whether nothing more will come. */
  readonly ended: boolean;
  close(): void;
}
