import { itemsAt, objectAt, valueAt } from '../documents/lookup.ts';
import type { KubeObject } from './kube-object.ts';
import { containersOf, fieldOf, type PodSite } from './pod-site.ts';

const TEMPLATE = ['spec', 'template'];
const CONTROLLERS = ['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet'];

/** Which kinds of Kubernetes hold a pod's metadata and specification, and below which keys. */
const BUILT_IN: Readonly<Record<string, readonly string[]>> = {
  '/Pod': [],
  '/PodTemplate': ['template'],
  '/ReplicationController': TEMPLATE,
  'batch/Job': TEMPLATE,
  'batch/CronJob': ['spec', 'jobTemplate', 'spec', 'template'],
  'apps.openshift.io/DeploymentConfig': TEMPLATE,
  ...Object.fromEntries(
    ['apps', 'extensions'].flatMap((group) => CONTROLLERS.map((kind) => [`${group}/${kind}`, TEMPLATE])),
  ),
};

/** The keys that lead from an object of Kubernetes to the pod in it; undefined for other kinds. */
export function builtInTemplate({ group, kind }: KubeObject): readonly string[] | undefined {
  const key = `${group}/${kind}`;
  return Object.hasOwn(BUILT_IN, key) ? BUILT_IN[key] : undefined;
}

/** The pod of an object of Kubernetes; undefined where it has none, or is only a patch for another document. */
export function builtInPod(object: KubeObject): PodSite | undefined {
  const keys = builtInTemplate(object);
  const holder = keys && valueAt(object.tree, ...keys);
  const spec = objectAt(holder, 'spec');
  if (!keys || !spec || isPatch(object, keys, spec)) return undefined;
  const path = [...keys, 'spec'].join('.');
  return {
    object,
    path,
    spec,
    metadata: valueAt(holder, 'metadata'),
    isBuiltIn: true,
    isPod: object.kind === 'Pod',
    context: fieldOf(spec, path, 'securityContext'),
    containers: containersOf(spec, path),
  };
}

/** What a controller must have to know its pods; jobs and old kinds are given one. */
const NEED_SELECTOR = ['apps'];

/** A patch of kustomize leaves out what the API server demands: the image, or which pods are meant. */
function isPatch({ group, tree }: KubeObject, keys: readonly string[], spec: PodSite['spec']): boolean {
  // What is no list is a fault of its own.
  if (valueAt(spec, 'containers')?.kind === 'object') return false;
  const containers = [...itemsAt(spec, 'containers'), ...itemsAt(spec, 'initContainers')];
  if (!containers.some((container) => valueAt(container, 'image'))) return true;
  return keys.length > 0 && NEED_SELECTOR.includes(group) && !valueAt(tree, 'spec', 'selector');
}
