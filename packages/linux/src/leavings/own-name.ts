import { FIRST_PID_NAMESPACE, pidNamespaceOf } from '../process/pid-namespace.ts';
import { innermostPidOf, processes, startTimeOf } from '../process/processes.ts';

/** callgate-PID-START-SPACE-N-KIND, also as a part of a longer name such as .web.json.callgate-…-part. */
const NAME =
  /(?:^|[^a-z0-9-])(callgate-([1-9]\d{0,9})-(\d{1,20})-([0-9a-z]{1,10})-[0-9a-z]{1,8}-([a-z0-9]{1,16}))/;
/** No file's name is longer, nor a reference to an image. */
const LONGEST = 512;

/** Who made a thing on this machine, told by its name. */
export interface Owner {
  readonly pid: number;
  /** When that process started, in clock ticks since boot: a number of a process comes again. */
  readonly start: string;
  /** The pid namespace in which it has that number, as /proc/PID/ns/pid numbers them. */
  readonly space: number;
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
  const { pid } = process;
  const space = pidNamespaceOf('self') ?? 0;
  return `callgate-${pid}-${startTimeOf(pid) ?? 0}-${space.toString(36)}-${made.toString(36)}-${kind}`;
}

/** The name that `ownName` gave and that is in a text, such as callgate-…-image in localhost/callgate-…-image:latest. */
export function ownNameIn(text: string): string | undefined {
  return NAME.exec(text.slice(0, LONGEST))?.[1];
}

/** Whose thing has that name, or has it as a part; undefined for names that `ownName` did not give. */
export function ownerOf(name: string): Owner | undefined {
  const [, , pid, start, space, kind] = NAME.exec(name.slice(0, LONGEST)) ?? [];
  if (kind === undefined) return undefined;
  return { pid: Number(pid), start, space: Number.parseInt(space, 36), kind };
}

/**
 * Whether the process that made a thing has ended. What was made in another pid namespace, such as a container that shares /tmp,
 * is left behind only if that can be seen: by root, who sees the processes of all of them.
 */
export function isLeftBehind({ pid, start, space }: Owner): boolean {
  const here = pidNamespaceOf('self') ?? 0;
  if (space === here) return startTimeOf(pid) !== start;
  if (here !== FIRST_PID_NAMESPACE || process.geteuid?.() !== 0) return false;
  return !processes().some(
    (other) =>
      pidNamespaceOf(other) === space && innermostPidOf(other) === pid && startTimeOf(other) === start,
  );
}
