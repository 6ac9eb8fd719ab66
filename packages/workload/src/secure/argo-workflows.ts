import type { Value } from '@callgate/engine/internal/source/edit';
import { member, memberAt } from './merged.ts';
import { isObject, listOf, type Path, stringOf, valueAt } from './plain.ts';
import type { ContainerPlace, PodPlace } from './pod-templates.ts';

const ALONE = ['container', 'script'];
const LISTS = [['initContainers'], ['containerSet', 'containers'], ['sidecars']];
const CONTEXT = 'securityContext';

/**
 * The pods of a workflow of Argo, whose specification is at a path; undefined where none is. Each template makes a pod, which
 * takes the securityContext of the workflow, of its templateDefaults before, and of its own before both (createWorkflowPod).
 */
export function workflowPods(
  object: Value,
  spec: Path,
  { object: owner, objectPath, isBuiltIn }: Pick<PodPlace, 'object' | 'objectPath' | 'isBuiltIn'>,
): PodPlace[] | undefined {
  const workflow = valueAt(object, spec);
  const templates = isObject(workflow) ? listOf(member(workflow, 'templates')) : [];
  const pods = templates.flatMap((template, i) => {
    const path = [...spec, 'templates', i];
    const containers = containersOf(object, path);
    return containers.length > 0 ? [{ path, containers, isOwn: isObject(member(template, CONTEXT)) }] : [];
  });
  if (pods.length === 0) return undefined;
  const hasDefaults = isObject(memberAt(workflow!, ['templateDefaults', CONTEXT]));
  const common = hasDefaults ? [...spec, 'templateDefaults'] : spec;
  const place = (holder: Path, containers: readonly ContainerPlace[]): PodPlace[] =>
    containers.length > 0
      ? [{ object: owner, objectPath, isBuiltIn, spec: holder, holder, holderName: 'pod', containers }]
      : [];
  return [
    ...place(
      common,
      pods.filter(({ isOwn }) => !isOwn).flatMap(({ containers }) => containers),
    ),
    ...pods.filter(({ isOwn }) => isOwn).flatMap(({ path, containers }) => place(path, containers)),
  ];
}

/** The containers of a template, where it has one of its own; else it calls other templates. */
function containersOf(object: Value, template: Path): ContainerPlace[] {
  const alone = ALONE.map((key) => [...template, key]);
  const listed = LISTS.map((keys) => [...template, ...keys]).flatMap((list) =>
    listOf(valueAt(object, list)).map((_, i) => [...list, i]),
  );
  const places = [...alone, ...listed].flatMap((path): ContainerPlace[] => {
    const container = valueAt(object, path);
    if (!isObject(container) || member(container, 'image') === undefined) return [];
    const name = member(container, 'name') ?? valueAt(object, [...template, 'name']);
    return [{ path, name: stringOf(name), inherits: true }];
  });
  const makesPod = places.some(
    ({ path }) => ALONE.includes(String(path.at(-1))) || path.includes('containerSet'),
  );
  return makesPod ? places : [];
}
