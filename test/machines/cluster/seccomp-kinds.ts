import { join } from 'node:path';
import { RUNTIMES } from './containerd.ts';
import { NODES, nodeCalled, type Place } from './places.ts';
import type { PodPlan } from './pods.ts';

/** Every pod lists a folder and sleeps, again and again. */
const SCRIPT = 'while true; do busybox sh -c "busybox ls /; busybox sleep 0.2"; done';

/** What Kubernetes offers a pod. */
export const TYPES = { unconfined: 'Unconfined', default: 'RuntimeDefault', localhost: 'Localhost' } as const;
type Kind = keyof typeof TYPES;

/** A pod under that kind of seccomp on each node, by each runtime. */
export function plans(kind: Kind): PodPlan[] {
  const seccomp = (runtime: string) => ({
    type: TYPES[kind],
    ...(kind === 'localhost' && { localhostProfile: `callgate/${runtime}.json` }),
  });
  return NODES.flatMap(({ name: node }) =>
    RUNTIMES.map((runtime) => ({
      name: `${kind}-${node}-${runtime}`,
      node,
      runtime,
      seccomp: seccomp(runtime),
      script: SCRIPT,
    })),
  );
}

/** The Localhost profile of a node for pods of that runtime. */
export function localhostFile({
  node,
  runtime,
}: {
  readonly node: Place['name'];
  readonly runtime: string;
}): string {
  return join(nodeCalled(node).folder, 'var/lib/kubelet/seccomp/callgate', `${runtime}.json`);
}
