import type { Entry, Tree } from '@callgate/engine/internal/source/tree';
import { entryOf, itemsAt, type ObjectTree, stringAt } from '../documents/lookup.ts';
import type { KubeObject } from './kube-object.ts';

/** What a container is in its pod. A sidecar is an init container that goes on. */
export type ContainerRole = 'init' | 'sidecar' | 'container' | 'ephemeral';

/** A value under its key, and the keys that lead to it from the object on, such as spec.securityContext. */
export interface Field {
  readonly entry: Entry;
  readonly path: string;
}

/** Where a document says what a container is. */
export interface ContainerSite {
  readonly name: string;
  readonly role: ContainerRole;
  /** From the object on, such as spec.template.spec.containers[0]. */
  readonly path: string;
  readonly tree: ObjectTree;
  /** The container's own securityContext. */
  readonly context?: Field;
  /** A securityContext that holds for all containers of a list, as Tekton's stepTemplate has it. */
  readonly template?: Field;
}

/** Where a document says what a pod is. */
export interface PodSite {
  readonly object: KubeObject;
  /** Of the pod's specification, from the object on, such as spec.template.spec. */
  readonly path: string;
  readonly spec: ObjectTree;
  /** Of the pod, which is the object's own in a Pod. */
  readonly metadata?: Tree;
  /** Whether the API server knows the kind; what embeds a pod elsewhere it takes unseen. */
  readonly isBuiltIn: boolean;
  /** Whether it is the pod itself and nothing that makes pods. */
  readonly isPod: boolean;
  /** The pod's securityContext. */
  readonly context?: Field;
  readonly containers: readonly ContainerSite[];
}

/** The lists of a pod's specification, in the order in which Kubernetes goes through them. */
const LISTS = [
  ['initContainers', 'init'],
  ['containers', 'container'],
  ['ephemeralContainers', 'ephemeral'],
] as const;

/** The containers of a pod's specification. */
export function containersOf(spec: ObjectTree, path: string): ContainerSite[] {
  return LISTS.flatMap(([list, role]) =>
    itemsAt(spec, list).flatMap((tree, i) => containerSite(tree, `${path}.${list}[${i}]`, role) ?? []),
  );
}

/** A container, where a tree is one. */
export function containerSite(
  tree: Tree,
  path: string,
  role: ContainerRole,
  template?: Field,
): ContainerSite | undefined {
  if (tree.kind !== 'object') return undefined;
  const goesOn = role === 'init' && stringAt(tree, 'restartPolicy') === 'Always';
  return {
    name: stringAt(tree, 'name') ?? lastPart(path),
    role: goesOn ? 'sidecar' : role,
    path,
    tree,
    context: fieldOf(tree, path, 'securityContext'),
    ...(template && { template }),
  };
}

/** A key of an object whose value is not null, which counts as nothing. */
export function fieldOf(tree: Tree | undefined, path: string, key: string): Field | undefined {
  const entry = entryOf(tree, key);
  return entry && entry.value.kind !== 'null'
    ? { entry, path: path === '' ? key : `${path}.${key}` }
    : undefined;
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}
