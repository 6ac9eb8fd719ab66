import type { Judged } from '@callgate/engine/internal/lint/judged';
import type { CapabilitySet } from '../kubernetes/capability-set.ts';
import { capabilitySet } from '../kubernetes/capability-set.ts';
import { type ClusterNode, type StartedBy, starterOf } from '../kubernetes/cluster-node.ts';
import { type EffectiveProfile, effectiveProfile } from '../kubernetes/effective-profile.ts';
import type { Pod, PodContainer } from '../kubernetes/pod.ts';

/** A container with everything that its field, its pod and its node make of it. */
export interface JudgedContainer {
  readonly container: PodContainer;
  readonly effective: EffectiveProfile;
  readonly capabilities: CapabilitySet;
  readonly noNewPrivs: boolean;
  readonly startedBy: StartedBy | 'sandbox';
  /** What it runs under, where that is known. */
  readonly filter?: Judged;
}

/** A pod on a node. */
export interface JudgedPod {
  readonly pod: Pod;
  readonly node: ClusterNode;
  readonly containers: readonly JudgedContainer[];
}

/** What a node makes of a pod, before any file is opened. */
export function judgePod(pod: Pod, node: ClusterNode, handlers: ReadonlyMap<string, string>): JudgedPod {
  const startedBy = starterOf(node, pod.runtimeClass, handlers);
  const containers = pod.containers.map(
    (container): JudgedContainer => ({
      container,
      effective: effectiveProfile(pod, container, node),
      capabilities: capabilitySet(node.runtime, container.added, container.dropped),
      noNewPrivs: container.allowPrivilegeEscalation === false && !container.privileged,
      startedBy,
    }),
  );
  return { pod, node, containers };
}

/** What a pod is called: its kind and name. */
export function workloadName({ site: { object } }: Pod): string {
  return `${object.kind}/${object.name}`;
}

/** Containers in a sentence: container "a", containers "a", "b". */
export function containerWords(containers: readonly { readonly container: PodContainer }[]): string {
  const most = 8;
  const names = containers
    .slice(0, most)
    .map(({ container: { site } }) => `"${site.name}"${ROLE_WORDS[site.role]}`);
  const more = containers.length > most ? ` and ${containers.length - most} more` : '';
  return `${containers.length === 1 ? 'container' : 'containers'} ${names.join(', ')}${more}`;
}

const ROLE_WORDS = {
  container: '',
  init: ' (init)',
  sidecar: ' (sidecar)',
  ephemeral: ' (ephemeral)',
} as const;
