import { startTimeOf } from '../process/processes.ts';

/** callgate-PID-START-N-KIND: whose it is, when that process started (clock ticks since boot), and the how-many-eth. */
const NAME = /^callgate-([1-9]\d{0,9})-(\d{1,20})-([0-9a-z]{1,8})-([a-z0-9]{1,16})$/;

/** Who made a thing on this machine, told by its name. */
export interface Owner {
  readonly pid: number;
  /** When that process started, in clock ticks since boot: a number of a process comes again. */
  readonly start: string;
  /** What the thing is, such as "container". */
  readonly kind: string;
}

let made = 0;

/**
 * A name for what this process makes on the machine outside of itself, be it a folder, a cgroup, a container or an image tag. It
 * says who made it, so that `doctor --clean` finds what a callgate that was killed has left behind, and touches nothing else.
 */
export function ownName(kind: string): string {
  made += 1;
  return `callgate-${process.pid}-${startTimeOf(process.pid)}-${made.toString(36)}-${kind}`;
}

/** Whose thing has that name; undefined for names that `ownName` did not give. */
export function ownerOf(name: string): Owner | undefined {
  const [, pid, start, , kind] = NAME.exec(name) ?? [];
  return kind === undefined ? undefined : { pid: Number(pid), start, kind };
}

/** Whether the process that made a thing has ended. */
export function isLeftBehind({ pid, start }: Owner): boolean {
  return startTimeOf(pid) !== start;
}
