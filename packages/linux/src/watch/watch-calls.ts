import { setTimeout as sleep } from 'node:timers/promises';
import { fromUtf8 } from '@callgate/engine/internal/logs/log-recording';
import type { DenialRow, DenialTable } from '@callgate/engine/internal/watch/denial-table';
import type { Place } from '@callgate/engine/internal/watch/denied-call';
import { ENGINES } from '../container/container-engine.ts';
import { Attribution } from './attribution.ts';
import type { SeenCalls, WatchedProcesses, WatchSource } from './watch-source.ts';

const LOOK_EVERY_MS = 200;
/** So that records come in batches. */
const REST_MS = 20;
const SHORTEST_ID = 12;

/** Whose calls are wanted; what is not said does not matter. */
export interface WatchedCalls extends WatchedProcesses {
  /** A name or id, perhaps behind its engine: docker:web. */
  readonly container?: string;
  /** Perhaps behind its namespace: shop/web-0. */
  readonly pod?: string;
}

/** How calls are watched. */
export interface WatchPlan {
  readonly source: WatchSource;
  readonly watched: WatchedCalls;
  readonly table: DenialTable;
  readonly stop: AbortSignal;
  /** A row is new. */
  added(row: DenialRow): void;
  /** The source was looked at. */
  looked(): void;
}

/** Fills the table with what the source sees, until it ends or is stopped. */
export async function watchCalls({ source, watched, table, stop, added, looked }: WatchPlan): Promise<void> {
  const attribution = new Attribution();
  await attribution.begin();
  const take = () => {
    for (const seen of source.take()) {
      const { mounts, ...calls } = seen;
      if (!isOf(seen, watched)) continue;
      const place = attribution.placeOf(seen);
      if (!isIn(place, watched)) continue;
      const comm = calls.comm === undefined ? {} : { comm: fromUtf8(calls.comm) };
      const row = table.add({ ...calls, ...comm, place });
      if (row) added(row);
    }
    looked();
  };
  while (!stop.aborted && !source.ended) {
    await source.wait(LOOK_EVERY_MS);
    take();
    await sleep(REST_MS);
  }
  take();
}

function isOf(seen: SeenCalls, { pid, comm }: WatchedCalls): boolean {
  return (pid === undefined || seen.pid === pid) && (comm === undefined || seen.comm === comm);
}

function isIn(place: Place, { container, pod }: WatchedCalls): boolean {
  if (container === undefined && pod === undefined) return true;
  if (place.kind !== 'container') return false;
  const pods = [place.pod, `${place.namespace}/${place.pod}`];
  if (pod !== undefined && (place.pod === undefined || !pods.includes(pod))) return false;
  return container === undefined || isCalled(place, container);
}

/** Who may have started a container of which only the kubelet's cgroup is known. */
const CRI: readonly string[] = ['containerd', 'crio'];
const REFERENCE = new RegExp(`^(?:(${ENGINES.join('|')}):)?(.+)$`, 's');

/** Whether a container is meant by [ENGINE:]NAME, as `callgate ps` and the subjects have it: NAMESPACE/ID and POD/NAME, too. */
export function isCalled(place: Extract<Place, { kind: 'container' }>, reference: string): boolean {
  const { engine, id, name, pod } = place;
  const [, asked, wanted = ''] = REFERENCE.exec(reference) ?? [];
  if (asked !== undefined && asked !== engine && !(engine === 'cri' && CRI.includes(asked))) return false;
  if ([name, id, pod && `${pod}/${name}`].includes(wanted)) return true;
  const last = wanted.slice(wanted.indexOf('/') + 1);
  const isOfContainerd = engine === 'cri' || engine === 'containerd';
  const candidates = isOfContainerd ? [wanted, last] : [wanted];
  return candidates.some(
    (one) =>
      one === id ||
      (one.length >= SHORTEST_ID && id.startsWith(one)) ||
      (one !== wanted && one === `${pod}/${name}`),
  );
}
