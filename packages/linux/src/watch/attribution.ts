import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Place } from '@callgate/engine/internal/watch/denied-call';
import { type CgroupContainer, containerInCgroup, unitInCgroup } from '../container/cgroup-name.ts';
import { type ContainerNames, namesOf } from '../container/container-names.ts';
import { processes } from '../process/processes.ts';
import { namespaceOfProcess } from '../recorders/mount-namespace.ts';
import { BoundedCache } from './bounded-cache.ts';
import { ContainersByMounts } from './containers-by-mounts.ts';
import type { SeenCalls, SeenMounts } from './watch-source.ts';

const PLACES = 4096;
/** A process may go into another cgroup, and its number may come again. */
const PROCESS_FOR_MS = 1000;
/** All processes are looked through at most so often. */
const SCAN_EVERY_MS = 1000;
/** Records that are older tell nothing of who has that number now. */
const STALE_MS = 10_000;

/** Finds out whose calls were seen: by the cgroup of the process, or by others in its mount namespace when it has ended. */
export class Attribution {
  private readonly byProcess = new BoundedCache<number, Place>(PLACES, PROCESS_FOR_MS);
  private readonly byMounts = new BoundedCache<bigint, Place>(PLACES);
  private readonly names = new BoundedCache<string, ContainerNames>(PLACES);
  private readonly containers = new ContainersByMounts();
  private readonly hostMounts = namespaceOfProcess(1);
  private readonly hostName = hostname();
  private scanned = Number.NEGATIVE_INFINITY;
  private inhabitants = new Map<number, number>();

  /** Asks engines for the containers that run already. */
  async begin(): Promise<void> {
    await this.containers.list();
  }

  placeOf({ pid, mounts, time }: SeenCalls): Place {
    if (mounts) return this.placeOfMounts(mounts, pid);
    if (pid === undefined || Math.abs(Date.now() - time) > STALE_MS) return { kind: 'unknown' };
    return this.placeOfProcess(pid) ?? { kind: 'gone' };
  }

  private placeOfMounts(mounts: SeenMounts, pid: number | undefined): Place {
    const own =
      pid !== undefined && namespaceOfProcess(pid) === mounts.number ? this.placeOfProcess(pid) : undefined;
    if (own) return this.byMounts.set(mounts.id, own);
    if (mounts.number === this.hostMounts) return { kind: 'host' };
    const known = this.byMounts.get(mounts.id);
    if (known) return known;
    const mate = this.inhabitantOf(mounts.number);
    const mates = mate === undefined ? undefined : this.placeOfProcess(mate);
    if (mates) return this.byMounts.set(mounts.id, mates);
    const container = containerInCgroup(`0::${mounts.cgroup}`);
    if (container) return this.byMounts.set(mounts.id, this.named(container));
    return mounts.hostname === this.hostName || mounts.hostname === ''
      ? { kind: 'gone' }
      : { kind: 'gone', hostname: mounts.hostname };
  }

  /** Somebody who lives in a mount namespace now. */
  private inhabitantOf(number: number): number | undefined {
    if (performance.now() - this.scanned > SCAN_EVERY_MS) {
      this.inhabitants = new Map(processes().map((pid) => [namespaceOfProcess(pid) ?? 0, pid]));
      this.scanned = performance.now();
    }
    return this.inhabitants.get(number);
  }

  private placeOfProcess(pid: number): Place | undefined {
    const known = this.byProcess.get(pid);
    if (known) return known;
    const cgroup = cgroupOf(pid);
    if (cgroup === undefined) return undefined;
    const container = containerInCgroup(cgroup);
    const place = container ? this.named(container) : (this.listedPlace(pid) ?? hostPlace(cgroup));
    return this.byProcess.set(pid, place);
  }

  /** The container of a process whose cgroup is not called after it. */
  private listedPlace(pid: number): Place | undefined {
    const mounts = namespaceOfProcess(pid);
    return mounts === undefined || mounts === this.hostMounts ? undefined : this.containers.placeOf(mounts);
  }

  private named(container: CgroupContainer): Place {
    const names = this.names.getOr(container.id, () => namesOf(container));
    return { kind: 'container', ...container, ...names };
  }
}

function hostPlace(cgroup: string): Place {
  const unit = unitInCgroup(cgroup);
  return { kind: 'host', ...(unit !== undefined && { unit }) };
}

/** The text of /proc/PID/cgroup; undefined when the process has ended. */
function cgroupOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/cgroup`, 'latin1') || undefined;
  } catch {
    return undefined;
  }
}
