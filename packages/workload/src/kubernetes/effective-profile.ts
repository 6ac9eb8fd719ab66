import { quote } from '@callgate/engine/internal/source/tree';
import { type SeccompAnnotation, seccompAnnotations } from './annotations.ts';
import { type ClusterNode, deciderOn } from './cluster-node.ts';
import { crioProfile } from './crio-annotation.ts';
import type { Pod, PodContainer } from './pod.ts';
import { EMPTY_PATH, type SeccompField } from './seccomp-field.ts';

/**
 * What a container runs under. Unconfined: no filter; NeverRuns: it is refused, or does not start; Unknown: somebody else
 * decides, such as an operator.
 */
export type EffectiveType = 'RuntimeDefault' | 'Localhost' | 'Unconfined' | 'NeverRuns' | 'Unknown';

/** The profile that a container gets, and why. */
export interface EffectiveProfile {
  readonly type: EffectiveType;
  /** The file, relative to the kubelet's folder for profiles. */
  readonly profile?: string;
  /** In words. */
  readonly because: string;
  /** Who names it. */
  readonly from: 'container' | 'pod' | 'annotation' | 'kubelet' | 'privileged' | 'engine' | 'fault';
}

/** What a container gets on a node that takes the pod. Source: the kubelet's getSeccompProfile. */
export function effectiveProfile(pod: Pod, container: PodContainer, node: ClusterNode): EffectiveProfile {
  const refused = pod.faults.find(({ fate }) => fate === 'refused');
  if (refused)
    return {
      type: 'NeverRuns',
      because: `${pod.site.isBuiltIn ? 'the API server refuses it' : 'its pods are refused'}: ${refused.said}`,
      from: 'fault',
    };
  if (container.privileged)
    return { type: 'Unconfined', because: 'privileged containers get no filter', from: 'privileged' };
  const decider = deciderOn(node);
  if (pod.isWindows) return { type: 'Unconfined', because: 'Windows has no seccomp', from: 'engine' };
  const named =
    (decider !== 'annotation' && (fromField(container.profile) ?? fromField(pod.profile, podWords(pod)))) ||
    (decider !== 'field' && fromAnnotations(pod, container));
  if (named && named.type === 'Localhost' && named.profile === '')
    return { ...named, type: 'NeverRuns', because: EMPTY_PATH };
  const found = named || usual(node);
  return found.type === 'Unconfined' && node.runtime === 'crio' ? orAnnotated(found, pod, container) : found;
}

/** CRI-O's annotation counts where no other profile does, and where the node allows it. */
function orAnnotated(found: EffectiveProfile, pod: Pod, { site }: PodContainer): EffectiveProfile {
  const artifact = crioProfile(pod, site.name);
  if (artifact === undefined) return found;
  return {
    type: 'Unknown',
    profile: artifact,
    because: `CRI-O's annotation names ${quote(artifact)}, which counts on nodes that allow the annotation; elsewhere there is no filter`,
    from: 'annotation',
  };
}

/** An operator's object speaks for containers that nobody sees. */
function podWords({ site }: Pod): string {
  return site.containers[0]?.name === '*'
    ? `the ${site.object.kind} says so`
    : 'the pod says so, the container nothing';
}

function fromField(field: SeccompField | undefined, whose?: string): EffectiveProfile | undefined {
  if (!field?.type) return undefined;
  return {
    type: field.type,
    ...(field.type === 'Localhost' && { profile: field.localhostProfile ?? '' }),
    because: `${whose ?? 'the container says so'} (${field.path})`,
    from: whose === undefined ? 'container' : 'pod',
  };
}

function fromAnnotations(pod: Pod, { site }: PodContainer): EffectiveProfile | undefined {
  const all = seccompAnnotations(pod);
  const found =
    all.find(({ container }) => container === site.name) ??
    all.find(({ container }) => container === undefined);
  return found && annotated(found);
}

function annotated({ key, value, type, localhostProfile }: SeccompAnnotation): EffectiveProfile {
  return {
    type: type ?? 'NeverRuns',
    ...(localhostProfile !== undefined && { profile: localhostProfile }),
    because: `the annotation ${key} says ${quote(value)}, which this release reads`,
    from: 'annotation',
  };
}

function usual({ runtime, seccompDefault }: ClusterNode): EffectiveProfile {
  if (runtime === 'podman')
    return { type: 'RuntimeDefault', because: 'nothing that podman reads names a profile', from: 'engine' };
  return seccompDefault
    ? {
        type: 'RuntimeDefault',
        because: 'nothing names a profile, and the kubelet has seccompDefault',
        from: 'kubelet',
      }
    : {
        type: 'Unconfined',
        because: 'nothing names a profile, and the kubelet has no seccompDefault, so it asks for none',
        from: 'kubelet',
      };
}
