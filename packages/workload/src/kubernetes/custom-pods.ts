import type { Tree } from '@callgate/engine/internal/source/tree';
import { itemsAt, type ObjectTree, objectAt, stringAt, valueAt } from '../documents/lookup.ts';
import { builtInPod, builtInTemplate } from './built-in-pods.ts';
import { describesPods, isChartValues } from './describing-groups.ts';
import { type KubeObject, objectsOf } from './kube-object.ts';
import {
  type ContainerSite,
  containerSite,
  containersOf,
  type Field,
  fieldOf,
  type PodSite,
} from './pod-site.ts';

/** Values are not looked into deeper: a pod in a custom kind stands within. */
const DEEPEST = 16;

/** The pods of an object: of a kind that Kubernetes knows, or of one that embeds them anywhere. */
export function podsOf(object: KubeObject): PodSite[] {
  if (builtInTemplate(object)) return [builtInPod(object)].flatMap((pod) => pod ?? []);
  if (isCore(object) || describesPods(object.group)) return [];
  return embeddedPods(object);
}

/** Other kinds of the core, such as a ConfigMap or a Service, hold no pods. */
function isCore({ group }: KubeObject): boolean {
  return group === '' || /^(?:apps|batch|extensions|[\w.-]+\.k8s\.io)$/.test(group);
}

function embeddedPods(object: KubeObject): PodSite[] {
  const found: PodSite[] = [];
  const search = (tree: Tree, at: Place): void => {
    if (at.depth > DEEPEST) return;
    if (tree.kind === 'array')
      for (const [i, item] of tree.items.entries())
        search(item, { ...at, path: `${at.path}[${i}]`, depth: at.depth + 1 });
    if (tree.kind !== 'object') return;
    const inner = at.depth > 0 ? whole(tree) : undefined;
    const pod = inner ? undefined : podIn(object, tree, at);
    // A whole object in another one is what is made of it.
    if (inner) found.push(...inner.flatMap(podsOf));
    else if (pod) found.push(pod);
    else
      for (const { key, value } of tree.entries)
        if (!isChartValues(object.group, key)) search(value, below(at, tree, key));
  };
  search(object.tree, { path: '', depth: 0 });
  return found.length > 0 ? found : operatorsPods(object);
}

/** Where the search is in an object. */
interface Place {
  readonly path: string;
  readonly depth: number;
  /** The metadata beside a pod's specification. */
  readonly metadata?: Tree;
  /** The securityContext of all pods of a workflow, or of a run. */
  readonly common?: Field;
}

function below(at: Place, tree: ObjectTree, key: string): Place {
  const isWorkflow = itemsAt(tree, 'templates').length > 0;
  const ofRun = ['podTemplate', 'taskRunTemplate.podTemplate'].map((path) =>
    fieldOf(objectAt(tree, ...path.split('.')), `${at.path}.${path}`, 'securityContext'),
  );
  return {
    path: at.path === '' ? key : `${at.path}.${key}`,
    depth: at.depth + 1,
    metadata: key === 'spec' ? valueAt(tree, 'metadata') : undefined,
    common: (isWorkflow ? fieldOf(tree, at.path, 'securityContext') : ofRun.find(Boolean)) ?? at.common,
  };
}

function whole(tree: ObjectTree): readonly KubeObject[] | undefined {
  if (!stringAt(tree, 'apiVersion') || !stringAt(tree, 'kind') || !valueAt(tree, 'metadata'))
    return undefined;
  return objectsOf(tree).objects;
}

/** The pod that an object inside of a custom kind is, if it has the lists of one. */
function podIn(object: KubeObject, tree: ObjectTree, { path, metadata, common }: Place): PodSite | undefined {
  const containers = [...steps(tree, path), ...single(tree, path), ...containersOf(tree, path)];
  if (!containers.some(isContainer)) return undefined;
  const contexts = ['securityContext', 'podSecurityContext'].map((key) => fieldOf(tree, path, key));
  const context = contexts.find((field) => field !== undefined) ?? common;
  return { object, path, spec: tree, metadata, isBuiltIn: false, isPod: false, context, containers };
}

/** In a custom kind a container may be told by its name alone: the operator fills in the rest. */
function isContainer({ tree }: ContainerSite): boolean {
  return ['image', 'name', 'command', 'securityContext'].some((key) => valueAt(tree, key) !== undefined);
}

/** The steps and sidecars of a task of Tekton; stepTemplate is for the steps alone. */
function steps(tree: ObjectTree, path: string): ContainerSite[] {
  const listed = itemsAt(tree, 'steps');
  // Workflows of other tools have steps, too, which are no containers.
  if (!listed.some((step) => valueAt(step, 'image'))) return [];
  const template = fieldOf(objectAt(tree, 'stepTemplate'), `${path}.stepTemplate`, 'securityContext');
  return [
    ...listed.flatMap((step, i) => containerSite(step, `${path}.steps[${i}]`, 'container', template) ?? []),
    ...sidecars(tree, path),
  ];
}

function sidecars(tree: ObjectTree, path: string): ContainerSite[] {
  return itemsAt(tree, 'sidecars').flatMap(
    (sidecar, i) => containerSite(sidecar, `${path}.sidecars[${i}]`, 'container') ?? [],
  );
}

/** A template of Argo's workflows has one container, or a script in one. */
function single(tree: ObjectTree, path: string): ContainerSite[] {
  return ['container', 'script'].flatMap((key) => {
    const value = objectAt(tree, key);
    const found = value && valueAt(value, 'image') && containerSite(value, `${path}.${key}`, 'container');
    if (!found) return [];
    const name = stringAt(value, 'name') ?? stringAt(tree, 'name') ?? key;
    return [{ ...found, name }, ...sidecars(tree, path)];
  });
}

/** Where a kind says of the pods that its operator makes which profile they have; nothing tells their containers. */
function operatorsPods(object: KubeObject): PodSite[] {
  const found: PodSite[] = [];
  const search = (tree: Tree, path: string, depth: number): void => {
    if (depth > DEEPEST) return;
    if (tree.kind === 'array')
      for (const [i, item] of tree.items.entries()) search(item, `${path}[${i}]`, depth + 1);
    if (tree.kind !== 'object') return;
    const profile = fieldOf(tree, path, 'seccompProfile');
    if (profile) found.push(unknownPod(object, tree, path, profile));
    else
      for (const { key, value } of tree.entries)
        if (!isChartValues(object.group, key)) search(value, path === '' ? key : `${path}.${key}`, depth + 1);
  };
  search(object.tree, '', 0);
  return found;
}

function unknownPod(object: KubeObject, tree: ObjectTree, path: string, { entry }: Field): PodSite {
  const context: Field = {
    path,
    entry: { key: 'securityContext', keySpan: entry.keySpan, value: { ...tree, entries: [entry] } },
  };
  const containers: ContainerSite[] = [{ name: '*', role: 'container', path, tree }];
  return { object, path, spec: tree, isBuiltIn: false, isPod: false, context, containers };
}
