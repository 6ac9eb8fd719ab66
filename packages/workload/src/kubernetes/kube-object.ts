import type { Span } from '@callgate/engine/internal/diagnostics/span';
import type { Tree } from '@callgate/engine/internal/source/tree';
import { entriesAt, entryOf, itemsAt, type ObjectTree, stringAt } from '../documents/lookup.ts';

/** An object of a cluster, as a document has it. */
export interface KubeObject {
  readonly apiVersion: string;
  /** Empty for the core kinds. */
  readonly group: string;
  readonly kind: string;
  /** Of metadata; what it is generated from where it has none. */
  readonly name: string;
  readonly namespace?: string;
  readonly tree: ObjectTree;
  /** Where it says what it is. */
  readonly span: Span;
}

/** What a document holds of objects, and lists in lists, which kubectl does not take. */
export interface FoundObjects {
  readonly objects: readonly KubeObject[];
  readonly nestedLists: readonly Span[];
}

/** The objects of a document: itself, the elements of a List, the objects of a template of OpenShift. */
export function objectsOf(tree: Tree | undefined): FoundObjects {
  const objects: KubeObject[] = [];
  const nestedLists: Span[] = [];
  const visit = (at: Tree, kind: string | undefined, apiVersion: string | undefined, depth: number): void => {
    const object = kubeObject(at, kind, apiVersion);
    if (!object) return;
    const items = listItems(object);
    if (!items) objects.push(object);
    else {
      if (depth > 0) nestedLists.push(object.span);
      for (const item of items) visit(item, itemKind(object.kind), object.apiVersion, depth + 1);
    }
  };
  // What kubectl prints as JSON lines may stand in a list without a kind.
  if (tree?.kind === 'array') for (const item of tree.items) visit(item, undefined, undefined, 0);
  else if (tree) visit(tree, undefined, undefined, 0);
  return { objects, nestedLists };
}

function kubeObject(tree: Tree, kind?: string, apiVersion?: string): KubeObject | undefined {
  const [ownKind, ownVersion] = [stringAt(tree, 'kind') ?? kind, stringAt(tree, 'apiVersion') ?? apiVersion];
  if (tree.kind !== 'object' || !ownKind || !ownVersion) return undefined;
  return {
    apiVersion: ownVersion,
    group: ownVersion.includes('/') ? ownVersion.split('/')[0] : '',
    kind: ownKind,
    name: nameOf(tree),
    // Charts leave it empty, which is the same as no namespace.
    namespace: stringAt(tree, 'metadata', 'namespace') || undefined,
    tree,
    span: entryOf(tree, 'kind')?.value.span ?? tree.span,
  };
}

function nameOf(tree: Tree): string {
  const generated = stringAt(tree, 'metadata', 'generateName');
  return stringAt(tree, 'metadata', 'name') ?? (generated === undefined ? '(unnamed)' : `${generated}*`);
}

function listItems({ kind, group, tree }: KubeObject): readonly Tree[] | undefined {
  if (kind === 'Template' && group === 'template.openshift.io') return itemsAt(tree, 'objects');
  return kind.endsWith('List') && entryOf(tree, 'items') ? itemsAt(tree, 'items') : undefined;
}

/** PodList holds pods, List what its elements say. */
function itemKind(list: string): string | undefined {
  return list === 'List' || list === 'Template' ? undefined : list.slice(0, -'List'.length);
}

/** The texts of metadata.labels or metadata.annotations, with their places. */
export function metadataTexts(
  metadata: Tree | undefined,
  what: 'labels' | 'annotations',
): { readonly key: string; readonly value: string; readonly keySpan: Span; readonly span: Span }[] {
  return entriesAt(metadata, what).flatMap(({ key, keySpan, value }) =>
    value.kind === 'string' ? { key, value: value.value, keySpan, span: value.span } : [],
  );
}
