import type { Place } from '@callgate/engine/internal/watch/denied-call';
import { knownContainers } from '../container/known-containers.ts';
import { namespaceOfProcess } from '../recorders/mount-namespace.ts';

/** Engines are asked at most so often. */
const LIST_EVERY_MS = 2000;

/** Running containers by the mount namespaces that they live in, as their engines list them: a cgroup may have any name. */
export class ContainersByMounts {
  private places: ReadonlyMap<number, Place> = new Map();
  private listed = Number.NEGATIVE_INFINITY;

  /** Asks every engine. */
  async list(): Promise<void> {
    this.listed = performance.now();
    const { containers } = await knownContainers();
    this.places = new Map(
      containers.flatMap(({ engine, id, name, pid }) => {
        const mounts = pid === undefined ? undefined : namespaceOfProcess(pid);
        return mounts === undefined ? [] : [[mounts, { kind: 'container', engine, id, name }]];
      }),
    );
  }

  /** The container of a mount namespace; one that has just started is known when engines were asked again, which this has them. */
  placeOf(mounts: number): Place | undefined {
    const place = this.places.get(mounts);
    // An engine that does not answer is no reason to stop watching.
    if (!place && performance.now() - this.listed > LIST_EVERY_MS) this.list().catch(() => {});
    return place;
  }
}
