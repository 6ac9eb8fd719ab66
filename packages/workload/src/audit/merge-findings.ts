import { type ReadDocument, readDocument } from '../documents/read-document.ts';
import type { Found } from '../findings/finding-maker.ts';
import type { ClusterNode } from '../kubernetes/cluster-node.ts';
import { podsOf } from '../kubernetes/custom-pods.ts';
import { effectiveProfile } from '../kubernetes/effective-profile.ts';
import { objectsOf } from '../kubernetes/kube-object.ts';
import { readPod } from '../kubernetes/pod.ts';
import type { PodSite } from '../kubernetes/pod-site.ts';

/** Containers that get another profile where merges are read as kustomize and the definition of YAML have them. */
export function mergeFindings(
  { notes }: ReadDocument,
  text: string,
  pods: readonly PodSite[],
  node: ClusterNode,
): Found[] {
  if (!notes.some(({ kind }) => kind === 'merged-over-key')) return [];
  const { tree } = readDocument(text, 'keys-win');
  const others = objectsOf(tree).objects.flatMap(podsOf);
  return pods.flatMap((site, i) => (others[i] ? differences(site, others[i], node) : []));
}

function differences(site: PodSite, other: PodSite, node: ClusterNode): Found[] {
  const [ours, theirs] = [readPod(site), readPod(other)];
  return ours.containers.flatMap((container, i): Found[] => {
    const twin = theirs.containers[i];
    const here = effectiveProfile(ours, container, node);
    const there = twin && effectiveProfile(theirs, twin, node);
    if (!there || (here.type === there.type && here.profile === there.profile)) return [];
    const { object } = site;
    return [
      {
        code: 'merged-over-key',
        severity: 'high',
        message: `${object.kind}/${object.name}: container "${container.site.name}" gets ${here.type} with kubectl, which takes what comes later in a map, and ${there.type} with kustomize, where a key wins over what is merged, as YAML defines it; the API server refuses the YAML itself`,
        span: container.profile?.span ?? container.span,
        fix: 'put << first in the map: then all read it alike',
      },
    ];
  });
}
