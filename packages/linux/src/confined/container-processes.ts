import { readFileSync, readlinkSync } from 'node:fs';
import { parentOf, processes } from '../process/processes.ts';

/** What of /proc tells to which container a process belongs. */
interface Place {
  readonly pid: number;
  readonly parent: number | undefined;
  /** Its mount namespace; undefined for a process of somebody else, to all but root. */
  readonly mounts: string | undefined;
  readonly cgroups: readonly string[];
}

/** The processes of this machine at one moment, by the containers that they belong to. */
export class ProcessPlaces {
  private readonly places: readonly Place[] = processes().map(placeOf);
  private readonly own = placeOf(process.pid);

  /** Every process of the machine. */
  all(): number[] {
    return this.places.map(({ pid }) => pid);
  }

  /**
   * The processes of the container with that id and first process, that one first: those in its mount namespace, those in its
   * cgroup where that has its id, and the descendants of them, such as what runs in a sandbox of its own inside.
   */
  ofContainer(id: string, first: number): number[] {
    const place = this.places.find(({ pid }) => pid === first) ?? placeOf(first);
    const mounts = place.mounts === this.own.mounts ? undefined : place.mounts;
    const cgroups = place.cgroups.filter((path) => namesContainer(path, id));
    const isIn = (other: Place) =>
      (mounts !== undefined && other.mounts === mounts) ||
      other.cgroups.some((path) => cgroups.some((c) => path === c || path.startsWith(`${c}/`)));
    const members = new Set([first, ...this.places.filter(isIn).map(({ pid }) => pid)]);
    const children = new Map<number, number[]>();
    for (const { pid, parent } of this.places) {
      if (parent === undefined) continue;
      const siblings = children.get(parent);
      if (siblings) siblings.push(pid);
      else children.set(parent, [pid]);
    }
    for (const pid of members) for (const child of children.get(pid) ?? []) members.add(child);
    return [...members];
  }
}

/** Engines name cgroups by containers: docker/ID, libpod-ID.scope, NS/ID. */
function namesContainer(path: string, id: string): boolean {
  const last = path.slice(path.lastIndexOf('/') + 1);
  return last === id || (id.length === 64 && last.includes(id));
}

function placeOf(pid: number): Place {
  return {
    pid,
    parent: parentOf(pid),
    mounts: orNothing(() => readlinkSync(`/proc/${pid}/ns/mnt`)),
    cgroups: cgroupsOf(orNothing(() => readFileSync(`/proc/${pid}/cgroup`, 'latin1')) ?? ''),
  };
}

/** ID:CONTROLLERS:PATH, a line each; every path once. */
function cgroupsOf(lines: string): string[] {
  const paths = lines.split('\n').map((line) => line.split(':').slice(2).join(':'));
  return [...new Set(paths.filter((path) => path.length > 1))];
}

function orNothing<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
