import type { Release, RuntimeName } from '@callgate/engine/internal/runtime/target';

/** Who makes containers on a node. */
export type NodeRuntime = 'containerd' | 'crio' | 'docker' | 'podman';
export const NODE_RUNTIMES: readonly NodeRuntime[] = ['containerd', 'crio', 'docker', 'podman'];

/** Who starts them in the end. */
export type StartedBy = Extract<RuntimeName, 'runc' | 'crun'>;

/** On what pods will run. */
export interface ClusterNode {
  readonly runtime: NodeRuntime;
  /** Undefined: a current one. */
  readonly release?: Release;
  /** The minor release of Kubernetes 1; undefined: a current one. */
  readonly kubernetes?: number;
  /** The kubelet's seccompDefault: whoever names no profile gets that of the runtime. */
  readonly seccompDefault: boolean;
  /** Who starts the containers of pods that name no class of runtimes. */
  readonly startedBy: StartedBy;
}

/** What a cluster has as it is shipped: nothing is set, so nothing is filtered. */
export const USUAL_NODE: ClusterNode = { runtime: 'containerd', seccompDefault: false, startedBy: 'runc' };

/** The first minor release that does not look at the annotations of old. */
const FIRST_WITHOUT_ANNOTATIONS = 27;
/** Podman releases before this read the annotations of Kubernetes YAML alone. */
const FIRST_PODMAN_WITH_FIELDS = 6;

/** What decides about the profile of a container on a node. */
export type Decider = 'field' | 'field, else annotation' | 'annotation';

/** Whether the field of Kubernetes counts on a node, or the annotations of old. */
export function deciderOn({ runtime, release, kubernetes }: ClusterNode): Decider {
  if (runtime === 'podman')
    return release && release[0] >= FIRST_PODMAN_WITH_FIELDS ? 'field, else annotation' : 'annotation';
  return kubernetes !== undefined && kubernetes < FIRST_WITHOUT_ANNOTATIONS
    ? 'field, else annotation'
    : 'field';
}

/** Who starts the containers of a pod: the class of runtimes that it names, by its handler, tells. */
export function starterOf(
  node: ClusterNode,
  runtimeClass: string | undefined,
  handlers: ReadonlyMap<string, string>,
): StartedBy | 'sandbox' {
  if (runtimeClass === undefined || runtimeClass === '') return node.startedBy;
  const handler = handlers.get(runtimeClass) ?? runtimeClass;
  if (/crun|youki/i.test(handler)) return 'crun';
  if (/runsc|gvisor|kata|firecracker|wasm|windows|runhcs/i.test(handler)) return 'sandbox';
  return handler === 'runc' ? 'runc' : node.startedBy;
}
