import { itemsAt, type ObjectTree, stringAt, valueAt } from '../documents/lookup.ts';

/** The names of a pod's volumes that reach the folder in which kubelets look for profiles. */
export function seccompVolumes(spec: ObjectTree): Set<string> {
  return new Set(
    itemsAt(spec, 'volumes').flatMap((volume) => {
      const path = stringAt(volume, 'hostPath', 'path');
      const name = stringAt(volume, 'name');
      return path !== undefined && name !== undefined && /\/(?:kubelet|seccomp)(?:\/|$)/.test(path)
        ? [name]
        : [];
    }),
  );
}

/** Whether a container mounts one of these volumes to write. */
export function mountsAny(container: ObjectTree, volumes: ReadonlySet<string>): boolean {
  return itemsAt(container, 'volumeMounts').some((mount) => {
    const isReadOnly = valueAt(mount, 'readOnly');
    return (
      volumes.has(stringAt(mount, 'name') ?? '') && !(isReadOnly?.kind === 'boolean' && isReadOnly.value)
    );
  });
}
