import type { Entry, Tree } from '@callgate/engine/internal/source/tree';

export type ObjectTree = Extract<Tree, { readonly kind: 'object' }>;

/** An entry of an object, by its key as it is spelled; undefined where the tree is no object or has none. */
export function entryOf(tree: Tree | undefined, key: string): Entry | undefined {
  return tree?.kind === 'object' ? tree.entries.find((entry) => entry.key === key) : undefined;
}

/** What stands below keys; null counts as nothing. */
export function valueAt(tree: Tree | undefined, ...keys: readonly string[]): Tree | undefined {
  const found = keys.reduce<Tree | undefined>((at, key) => entryOf(at, key)?.value, tree);
  return found?.kind === 'null' ? undefined : found;
}

/** The object below keys. */
export function objectAt(tree: Tree | undefined, ...keys: readonly string[]): ObjectTree | undefined {
  const found = valueAt(tree, ...keys);
  return found?.kind === 'object' ? found : undefined;
}

/** The text below keys. */
export function stringAt(tree: Tree | undefined, ...keys: readonly string[]): string | undefined {
  const found = valueAt(tree, ...keys);
  return found?.kind === 'string' ? found.value : undefined;
}

/** The elements of the list below keys. */
export function itemsAt(tree: Tree | undefined, ...keys: readonly string[]): readonly Tree[] {
  const found = valueAt(tree, ...keys);
  return found?.kind === 'array' ? found.items : [];
}

/** The entries of the object below keys. */
export function entriesAt(tree: Tree | undefined, ...keys: readonly string[]): readonly Entry[] {
  return objectAt(tree, ...keys)?.entries ?? [];
}
