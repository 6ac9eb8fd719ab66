import { metadataTexts } from './kube-object.ts';
import type { Pod } from './pod.ts';

/** CRI-O's own annotations, of which the second is the newer; nodes take them where they are set so. */
const KEYS = ['seccomp-profile.kubernetes.cri-o.io', 'seccomp-profile.crio.io'];

/** The artifact that CRI-O's annotations name for a container: for itself, for the pod, or for all. */
export function crioProfile({ site }: Pod, container: string): string | undefined {
  const annotations = new Map(
    metadataTexts(site.metadata, 'annotations').map(({ key, value }) => [key, value]),
  );
  const keys = [`/${container}`, '/POD', ''].flatMap((end) => KEYS.map((key) => key + end));
  const found = keys.find((key) => annotations.has(key));
  return found === undefined ? undefined : annotations.get(found);
}
