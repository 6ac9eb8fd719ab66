import type { Value } from '@callgate/engine/internal/source/edit';
import { isObject, type Path, valueAt } from './plain.ts';
import type { PodPlace } from './pod-templates.ts';
import type { Notice } from './request.ts';
import { called } from './secure-pod.ts';
import { dotted } from './words.ts';

/** Fields of a container's securityContext that a pod's does not have. */
const OF_CONTAINERS = [
  'allowPrivilegeEscalation',
  'capabilities',
  'privileged',
  'readOnlyRootFilesystem',
  'procMount',
];

/** Profiles that stand where nothing reads them: the API server refuses them, or drops them without a word. */
export function wrongLevels(object: Value, pod: PodPlace): Notice[] {
  const notices: Notice[] = [];
  const say = (path: Path, message: string) => notices.push({ object: called(pod.object), path, message });
  const right = new Set(
    [pod.spec, ...(pod.holder ? [pod.holder] : []), ...pod.containers.map(({ path }) => path)].map((path) =>
      [...path, 'securityContext', 'seccompProfile'].join('\0'),
    ),
  );
  // What else a custom kind has, such as a seccompProfile of its own, is its own affair.
  const from = pod.isBuiltIn ? [] : pod.spec;
  const visit = (value: Value | undefined, path: Path) => {
    if (value === null || typeof value !== 'object') return;
    for (const [key, inner] of Object.entries(value)) {
      const at = [...path, Array.isArray(value) ? Number(key) : key];
      if (key.toLowerCase() === 'seccompprofile' && !right.has(at.join('\0')))
        say(at, `${dotted(at)} is no place for a profile: nothing reads it there`);
      else if (key !== '<<') visit(inner, at);
    }
  };
  visit(valueAt(object, from), from);
  const context = valueAt(object, [...pod.spec, 'securityContext']);
  if (pod.holderName === 'pod' && pod.holder && isObject(context))
    for (const key of OF_CONTAINERS)
      if (Object.hasOwn(context, key))
        say(
          [...pod.spec, 'securityContext', key],
          `a pod's securityContext has no ${key}: it belongs to each container`,
        );
  return notices;
}
