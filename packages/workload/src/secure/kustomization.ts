import { writeJson } from '@callgate/engine/internal/source/write-json';
import { type Manner, written } from '@callgate/engine/internal/source/written';
import { jsonPatch } from './json-patch.ts';
import type { SecuredObject } from './secure.ts';

const block = (indent: string): Manner => ({ kind: 'block', indent, step: '  ' });

/**
 * The text of a kustomization that makes the change of files that stay as they are. It holds JSON patches, which are right
 * for every kind.
 */
export function kustomization(resources: readonly string[], objects: readonly SecuredObject[]): string {
  const head = { apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization', resources };
  const patches = objects.map(
    (object) =>
      `  - target:${written(targetOf(object), block('      '))}\n    patch: |-\n      [${jsonPatch(object)
        .map((operation) => `\n        ${writeJson(operation)}`)
        .join(',')}\n      ]\n`,
  );
  return `${written(head, block('')).slice(1)}\n${patches.length > 0 ? 'patches:\n' : ''}${patches.join('')}`;
}

/** Names in a target are regular expressions, which kustomize anchors. */
function targetOf({ object: { apiVersion, kind, name, namespace } }: SecuredObject) {
  const slash = apiVersion.indexOf('/');
  const exactly = (text: string) => text.replaceAll(/[^\w-]/g, '\\$&');
  return {
    ...(slash >= 0 && { group: apiVersion.slice(0, slash) }),
    version: apiVersion.slice(slash + 1),
    kind,
    ...(name !== undefined && { name: exactly(name) }),
    ...(namespace !== undefined && { namespace: exactly(namespace) }),
  };
}
