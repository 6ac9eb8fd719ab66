import type { Value } from '@callgate/engine/internal/source/edit';
import { isObject, type Path, stringOf, valueAt } from './plain.ts';
import type { SecuredObject } from './secure.ts';

/**
 * The changes of an object as a strategic merge patch, which names the object. Undefined where something in a list changes and
 * the list cannot be merged: on a custom kind it would be replaced, and images and other containers would be lost.
 */
export function mergePatch({ object, before, changes, isBuiltIn }: SecuredObject): Value | undefined {
  const { apiVersion, kind, name, namespace } = object;
  if (name === undefined) return undefined;
  let patch: Draft = { apiVersion, kind, metadata: { name, ...(namespace !== undefined && { namespace }) } };
  for (const change of changes) {
    const value =
      change.kind === 'remove' ? null : replacing(change.value, 'old' in change ? change.old : null);
    const next = put(patch, before, change.path, value, isBuiltIn, []);
    if (next === undefined) return undefined;
    patch = next as Draft;
  }
  return patch;
}

type Draft = { readonly [key: string]: Value };

/** A merge keeps the keys that it does not name. */
function replacing(value: Value, old: Value): Value {
  if (!isObject(value) || !isObject(old)) return value;
  const gone = Object.keys(old).filter((key) => !Object.hasOwn(value, key));
  return { ...value, ...Object.fromEntries(gone.map((key) => [key, null])) };
}

function put(
  patch: Value | undefined,
  before: Value,
  [step, ...rest]: Path,
  value: Value,
  mergesLists: boolean,
  at: Path,
): Value | undefined {
  if (step === undefined) return value;
  const here = [...at, step];
  if (typeof step === 'string') {
    const inner = put(isObject(patch) ? patch[step] : undefined, before, rest, value, mergesLists, here);
    return inner === undefined ? undefined : { ...(isObject(patch) ? patch : {}), [step]: inner };
  }
  const name = stringOf(valueAt(before, [...here, 'name']));
  if (!mergesLists || name === undefined || rest.length === 0) return undefined;
  const items = Array.isArray(patch) ? (patch as readonly Value[]) : [];
  const index = items.findIndex((item) => isObject(item) && item.name === name);
  const inner = put(index < 0 ? { name } : items[index], before, rest, value, mergesLists, here);
  if (inner === undefined) return undefined;
  return index < 0 ? [...items, inner] : items.with(index, inner);
}
