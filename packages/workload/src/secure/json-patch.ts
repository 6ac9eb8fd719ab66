import type { Value } from '@callgate/engine/internal/source/edit';
import type { Change } from './changes.ts';
import { type Path, stringOf, valueAt } from './plain.ts';
import type { SecuredObject } from './secure.ts';

/** One operation of RFC 6902. */
export type PatchOperation =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: string; readonly value: Value }
  | { readonly op: 'remove'; readonly path: string };

/**
 * The changes of an object as RFC 6902 has them. Lists are addressed by number, so before anything in a list is changed, a test
 * says whose place that is: where the cluster has another order, the patch fails and changes nothing.
 */
export function jsonPatch({ before, changes }: SecuredObject): PatchOperation[] {
  const tested = new Set<string>();
  return changes.flatMap((change) => [...testsFor(before, change, tested), operation(change)]);
}

function operation(change: Change): PatchOperation {
  const path = pointer(change.path);
  if (change.kind === 'remove') return { op: 'remove', path };
  return { op: change.kind, path, value: change.value };
}

function testsFor(before: Value, { path }: Change, tested: Set<string>): PatchOperation[] {
  return path.flatMap((step, i): PatchOperation[] => {
    const item = path.slice(0, i + 1);
    const name = typeof step === 'number' ? stringOf(valueAt(before, [...item, 'name'])) : undefined;
    const at = pointer([...item, 'name']);
    if (name === undefined || tested.has(at)) return [];
    tested.add(at);
    return [{ op: 'test', path: at, value: name }];
  });
}

/** RFC 6901. */
function pointer(path: Path): string {
  return path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
