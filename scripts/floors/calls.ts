import { readlinkSync } from 'node:fs';
import { nameOf } from '@callgate/engine/internal/syscalls/lookup';
import { readKernelTypes } from '@callgate/linux/internal/ebpf/btf';
import { observerLayout } from '@callgate/linux/internal/recorders/ebpf/observer-layout';
import { ObserverPrograms } from '@callgate/linux/internal/recorders/ebpf/observer-programs';

const layout = observerLayout(readKernelTypes()!)!;

/** What a runtime called in a container, and what tells the container's mount namespace from every other. */
export interface Floor {
  readonly id: bigint;
  readonly calls: ReadonlySet<string>;
}

/**
 * What runtimes call under the filters of containers while some work is done, for the containers that it returns: the calls
 * in a mount namespace from the filter's loading to the first execve there since the work began. So a process that joins a
 * container whose program sleeps is seen like one that starts it. A container is known by the id that an earlier floor told,
 * else by its first process: numbers of namespaces are given anew.
 */
export async function floorsDuring(work: () => Promise<readonly (number | bigint)[]>): Promise<Floor[]> {
  const scope = { kind: 'mounts', otherThan: namespaceOf('self') } as const;
  const programs = new ObserverPrograms(layout, scope, { denied: true, args: false });
  try {
    const known = await work();
    const seen = programs.containers();
    return known.flatMap((one) => {
      const container = seen.find(({ id, pid }) => one === (typeof one === 'bigint' ? id : pid));
      if (!container) return [];
      const counts = programs.read(container.id).counts.filter(({ phase }) => phase === 'runtime');
      return [{ id: container.id, calls: new Set(counts.map(({ arch, nr }) => nameOf(arch, nr)!)) }];
    });
  } finally {
    programs.close();
  }
}

function namespaceOf(pid: number | 'self'): number {
  return Number(/\d+/.exec(readlinkSync(`/proc/${pid}/ns/mnt`))![0]);
}
