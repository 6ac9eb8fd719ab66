import type { Value } from '@callgate/engine/internal/source/edit';
import { describesPods, isChartValues } from '../kubernetes/describing-groups.ts';
import { workflowPods } from './argo-workflows.ts';
import { member, memberAt } from './merged.ts';
import { isObject, listOf, type Path, stringOf, valueAt } from './plain.ts';

/** What a document of Kubernetes is about. */
export interface ObjectName {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name?: string;
  readonly namespace?: string;
}

/** A container whose securityContext may be set. */
export interface ContainerPlace {
  readonly path: Path;
  readonly name?: string;
  /** It takes the profile of the pod, or of Tekton's stepTemplate, where it has none of its own. */
  readonly inherits: boolean;
}

/** A pod, or what pods are made from. Paths begin at the object. */
export interface PodPlace {
  readonly object: ObjectName;
  /** Where in the document the object stands: at the top, unless it is in a list. */
  readonly objectPath: Path;
  /** Whether it is a kind of Kubernetes' own, whose lists of containers can be merged by their names. */
  readonly isBuiltIn: boolean;
  readonly spec: Path;
  /** Where annotations stand, if anywhere. */
  readonly metadata?: Path;
  /** What has a securityContext that containers inherit. Knative has none unless its operator switched it on. */
  readonly holder?: Path;
  /** A name for the holder in messages. */
  readonly holderName: 'pod' | 'stepTemplate';
  readonly containers: readonly ContainerPlace[];
}

/** What is found in a document, and what looks like a workload but is none. */
export interface FoundPods {
  readonly pods: readonly PodPlace[];
  readonly leftAlone: readonly {
    readonly object: ObjectName;
    readonly objectPath: Path;
    readonly why: string;
  }[];
}

/** Where the pod template of a built-in kind is. */
const TEMPLATES: Readonly<Record<string, readonly string[]>> = {
  Pod: [],
  Deployment: ['spec', 'template'],
  StatefulSet: ['spec', 'template'],
  DaemonSet: ['spec', 'template'],
  ReplicaSet: ['spec', 'template'],
  ReplicationController: ['spec', 'template'],
  Job: ['spec', 'template'],
  CronJob: ['spec', 'jobTemplate', 'spec', 'template'],
  PodTemplate: ['template'],
};
/** Kinds that the API server refuses without a selector. */
const SELECTED = new Set(['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'Rollout']);
const CONTAINER_LISTS = ['initContainers', 'containers', 'ephemeralContainers'];
/** How deep templates are looked for, and in how many values. */
const DEEPEST = 24;
const MOST_VISITED = 100_000;

/** Every pod template of one document, which may be a list of objects. */
export function podsIn(document: Value): FoundPods {
  const pods: PodPlace[] = [];
  const leftAlone: { object: ObjectName; objectPath: Path; why: string }[] = [];
  const visit = (value: Value, path: Path, listKind: string | undefined, depth: number) => {
    const object = nameOf(value, listKind);
    if (!object || depth > DEEPEST) return;
    if (object.kind.endsWith('List') && Array.isArray(member(value, 'items'))) {
      const kind = object.kind === 'List' ? undefined : object.kind.slice(0, -'List'.length);
      for (const [i, item] of listOf(member(value, 'items')).entries())
        visit(item, [...path, 'items', i], kind && `${object.apiVersion} ${kind}`, depth + 1);
      return;
    }
    const found = podsOf(value, object, path);
    pods.push(...found.pods);
    if (found.why !== undefined) leftAlone.push({ object, objectPath: path, why: found.why });
  };
  visit(document, [], undefined, 0);
  return { pods, leftAlone };
}

function nameOf(value: Value, listKind: string | undefined): ObjectName | undefined {
  const [listVersion, kindOfItems] = listKind?.split(' ') ?? [];
  const apiVersion = stringOf(member(value, 'apiVersion')) ?? listVersion;
  const kind = stringOf(member(value, 'kind')) ?? kindOfItems;
  if (apiVersion === undefined || kind === undefined) return undefined;
  const name = stringOf(memberAt(value, ['metadata', 'name']));
  return { apiVersion, kind, name, namespace: stringOf(memberAt(value, ['metadata', 'namespace'])) };
}

function podsOf(
  value: Value,
  object: ObjectName,
  objectPath: Path,
): { readonly pods: readonly PodPlace[]; readonly why?: string } {
  const group = object.apiVersion.includes('/') ? object.apiVersion.split('/')[0] : '';
  if (describesPods(group)) return { pods: [] };
  const isBuiltIn =
    ['', 'apps', 'batch', 'extensions'].includes(group) && Object.hasOwn(TEMPLATES, object.kind);
  const at = { value, object, objectPath, isBuiltIn };
  const isUnselected =
    SELECTED.has(object.kind) &&
    group !== 'extensions' &&
    (isBuiltIn || group === 'argoproj.io') &&
    memberAt(value, ['spec', 'selector']) === undefined &&
    memberAt(value, ['spec', 'workloadRef']) === undefined;
  if (isUnselected)
    return { pods: [], why: 'left alone: it has no selector, so it is a patch and no workload' };
  if (!isBuiltIn) return { pods: customPods(at, group) };
  const pod = podAt(at, TEMPLATES[object.kind]);
  if (!pod) {
    const isMerged = memberAt(value, [...TEMPLATES[object.kind], 'spec', 'containers']) !== undefined;
    return {
      pods: [],
      ...(isMerged && { why: 'left alone: its containers come by a merge key (<<); write them out' }),
    };
  }
  const hasImage = pod.containers.some((c) => member(valueAt(value, c.path), 'image') !== undefined);
  if (!hasImage)
    return { pods: [], why: 'left alone: no container has an image, so it is a patch and no workload' };
  return { pods: [pod] };
}

interface At {
  readonly value: Value;
  readonly object: ObjectName;
  readonly objectPath: Path;
  readonly isBuiltIn: boolean;
}

/** The pod of a template: what has a spec with containers. Nothing is found behind merge keys; they are not followed. */
function podAt({ value, object, objectPath, isBuiltIn }: At, template: Path): PodPlace | undefined {
  const spec = [...template, 'spec'];
  if (!looksLikePod(valueAt(value, spec))) return undefined;
  return {
    object,
    objectPath,
    isBuiltIn,
    spec,
    metadata: [...template, 'metadata'],
    holder: spec,
    holderName: 'pod',
    containers: CONTAINER_LISTS.flatMap((list) => containersIn(value, [...spec, list], true)),
  };
}

function containersIn(object: Value, list: Path, inherits: boolean): ContainerPlace[] {
  return listOf(valueAt(object, list)).flatMap((container, i) =>
    isObject(container) ? [{ path: [...list, i], name: stringOf(member(container, 'name')), inherits }] : [],
  );
}

function looksLikePod(spec: Value | undefined): boolean {
  const containers = isObject(spec) && Object.hasOwn(spec, 'containers') ? spec.containers : undefined;
  return Array.isArray(containers) && containers.length > 0 && containers.every(isObject);
}

/** Templates of a custom kind, at any depth, and Tekton's steps. */
function customPods(at: At, group: string): PodPlace[] {
  const found: PodPlace[] = [];
  let visited = 0;
  const visit = (value: Value, path: Path) => {
    if (path.length > DEEPEST || ++visited > MOST_VISITED || value === null || typeof value !== 'object')
      return;
    const steps = group === 'tekton.dev' ? stepsAt(at, path, value) : undefined;
    const isTemplate = path.length > 0 && isObject(value) && looksLikePod(member(value, 'spec'));
    const pod = isTemplate ? podAt(at, path) : undefined;
    const workflow = group === 'argoproj.io' ? workflowPods(at.value, path, at) : undefined;
    if (steps) found.push(steps);
    if (workflow) found.push(...workflow);
    if (pod) found.push(group === 'serving.knative.dev' ? withoutPodLevel(pod) : pod);
    else if (!steps && !workflow)
      for (const [key, inner] of Object.entries(value))
        if (key !== '<<' && !isChartValues(group, key))
          visit(inner, [...path, Array.isArray(value) ? Number(key) : key]);
  };
  visit(at.value, []);
  return found;
}

/**
 * Knative passes a container's seccompProfile on, but empties the pod's securityContext unless its operator has switched
 * kubernetes.podspec-securitycontext on (PodSecurityContextMask in knative.dev/serving).
 */
function withoutPodLevel(pod: PodPlace): PodPlace {
  return {
    ...pod,
    holder: undefined,
    containers: pod.containers.map((container) => ({ ...container, inherits: false })),
  };
}

/** A task: its steps take what stepTemplate says, its sidecars do not. */
function stepsAt(
  { value: whole, object, objectPath, isBuiltIn }: At,
  spec: Path,
  value: Value,
): PodPlace | undefined {
  const steps = isObject(value) && Object.hasOwn(value, 'steps') ? listOf(value.steps) : [];
  if (!steps.some((step) => stringOf(member(step, 'image')) !== undefined)) return undefined;
  return {
    object,
    objectPath,
    isBuiltIn,
    spec,
    holder: [...spec, 'stepTemplate'],
    holderName: 'stepTemplate',
    containers: [
      ...containersIn(whole, [...spec, 'steps'], true).filter(
        (step) => member(valueAt(whole, step.path), 'ref') === undefined,
      ),
      ...containersIn(whole, [...spec, 'sidecars'], false),
    ],
  };
}
