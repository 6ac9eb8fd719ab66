import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { movedSpan, movedTree, placesIn } from '../source/nested-text.ts';
import { formatOf, readSource } from '../source/read.ts';
import type { Tree } from '../source/tree.ts';

/** A profile in a document that carries it: a custom resource, a runtime's config.json, a ConfigMap. */
export interface CarriedProfile {
  /** What tells it from others of the text: the name of the resource, or the keys that lead to it. */
  readonly name: string;
  readonly tree: Tree;
  /** Faults in the syntax of a text that holds it. */
  readonly diagnostics: readonly Diagnostic[];
}

/** More are not looked for. */
const MOST = 1000;
/** Aliases can make a short text into very many strings: so many times its length is read of them. */
const TIMES_READ = 4;

/**
 * Every profile in the documents of a text: an object with "defaultAction", wherever it is, and a string with the text of
 * one. Places are those of the whole text.
 */
export function findProfiles(documents: readonly Tree[], text: string): CarriedProfile[] {
  const found: CarriedProfile[] = [];
  const labels = new Set<string>();
  let toRead = TIMES_READ * text.length;
  for (const [i, document] of documents.entries()) {
    const before = found.length;
    search(document, [], nameOf(document) ?? (documents.length > 1 ? String(i + 1) : undefined));
    const known = new Set(found.slice(0, before).map(({ name }) => name));
    // Two documents may hold files of one name.
    for (const [at, profile] of found.entries())
      if (at >= before && known.has(profile.name))
        found[at] = { ...profile, name: `${nameOf(document) ?? i + 1}/${profile.name}` };
  }
  return found;

  function inText(tree: Tree & { kind: 'string' }, name: string): CarriedProfile[] {
    toRead -= tree.value.length;
    return toRead < 0 ? [] : inString(tree, name, text);
  }

  function search(tree: Tree, path: readonly string[], owner: string | undefined): void {
    if (found.length >= MOST) return;
    const name = () => owner ?? (path.length > 0 ? path.join('.') : 'profile');
    if (isProfile(tree)) found.push({ name: name(), tree: plain(tree, path), diagnostics: [] });
    else if (tree.kind === 'object')
      for (const { key, value } of tree.entries) {
        const inner = value.kind === 'string' && value.value.includes('defaultAction');
        // The keys of a ConfigMap are names of files.
        if (inner) found.push(...(isSaid(key, value.value) ? [] : inText(value, nameIn(key, owner))));
        else search(value, [...path, key], isSpec(key) || isConfig(key) ? owner : undefined);
      }
    else if (tree.kind === 'array')
      for (const [i, item] of tree.items.entries())
        if (item.kind === 'string' && item.value.includes('defaultAction'))
          found.push(...inText(item, name()));
        else search(item, [...path, String(i)], nameOf(item));
  }

  /** podman inspect says the labels of an image twice. */
  function isSaid(key: string, value: string): boolean {
    if (key !== IMAGE_LABEL) return false;
    const isNew = !labels.has(value);
    labels.add(value);
    return !isNew;
  }
}

/** Where podman run --seccomp-policy image looks for the profile of an image. */
const IMAGE_LABEL = 'io.containers.seccomp.profile';

/** What a resource is called stands for its specification; `value` and `profile` are Talos's. */
function isSpec(key: string): boolean {
  return key === 'spec' || key === 'value' || key === 'profile';
}

/** Where engines have an image's labels. */
function isConfig(key: string): boolean {
  return key === 'Labels' || key === 'Config';
}

/** What a text under a key is called: by the key, or by the image whose label it is. */
function nameIn(key: string, owner: string | undefined): string {
  return key === IMAGE_LABEL ? (owner ?? key) : key;
}

/** The profile of a resource without what operators have beside it, which is whether it is used at all. */
function plain(tree: Tree, path: readonly string[]): Tree {
  if (tree.kind !== 'object' || path.at(-1) !== 'spec') return tree;
  const entries = tree.entries.filter(({ key }) => key !== 'state' && key !== 'disabled');
  return {
    ...tree,
    entries: entries.map((e) => (e.key === 'syscalls' ? { ...e, value: errnosAsNumbers(e.value) } : e)),
  };
}

/** v1alpha1 of the Security Profiles Operator has each errnoRet in quotes. */
function errnosAsNumbers(tree: Tree): Tree {
  if (tree.kind === 'array') return { ...tree, items: tree.items.map(errnosAsNumbers) };
  if (tree.kind !== 'object') return tree;
  return {
    ...tree,
    entries: tree.entries.map((e) =>
      e.key === 'errnoRet' && e.value.kind === 'string' && /^\d{1,5}$/.test(e.value.value)
        ? { ...e, value: { kind: 'number', text: e.value.value, span: e.value.span } }
        : e,
    ),
  };
}

function isProfile(tree: Tree): boolean {
  return entry(tree, 'defaultaction') !== undefined;
}

/** metadata.name of a Kubernetes resource, `name` beside a specification, the first tag of an image. */
function nameOf(tree: Tree): string | undefined {
  const metadata = entry(tree, 'metadata');
  const tags = entry(tree, 'repotags');
  const hasSpec = ['spec', 'value', 'profile'].some((key) => entry(tree, key));
  const name =
    (metadata && entry(metadata, 'name')) ??
    (hasSpec ? entry(tree, 'name') : undefined) ??
    (tags?.kind === 'array' ? tags.items[0] : undefined);
  return name?.kind === 'string' ? name.value : undefined;
}

function entry(tree: Tree, key: string): Tree | undefined {
  return tree.kind === 'object' ? tree.entries.find((e) => e.key.toLowerCase() === key)?.value : undefined;
}

/** Docker has the text of a profile behind a key: "seccomp={…}". */
const BEFORE = /^seccomp[=:](?=\s*\{)/;

function inString(tree: Tree & { kind: 'string' }, name: string, text: string): CarriedProfile[] {
  const skipped = BEFORE.exec(tree.value)?.[0].length ?? 0;
  const inner = tree.value.slice(skipped);
  const placeOf = placesIn(text, tree.span, tree.value);
  const places = (offset: number) => placeOf(offset + skipped);
  const { value, diagnostics } = readSource(inner, formatOf(inner, name));
  if (value) return isProfile(value) ? [{ name, tree: movedTree(value, places), diagnostics: [] }] : [];
  // Prose may say the word, too.
  if (!/^\s*\{/.test(inner)) return [];
  return [
    {
      name,
      tree: { ...tree, span: tree.span },
      diagnostics: diagnostics.map((d) => ({ ...d, place: { ...d.place, ...movedSpan(d.place, places) } })),
    },
  ];
}

/** The profiles that a document names by a file or by kind without holding them, such as a pod's. */
export function namedProfiles(documents: readonly Tree[]): { readonly name: string; readonly tree: Tree }[] {
  const found: { name: string; tree: Tree }[] = [];
  const search = (tree: Tree, key: string): void => {
    const name = tree.kind === 'string' ? namedBy(key, tree.value) : undefined;
    if (name !== undefined) found.push({ name, tree });
    if (tree.kind === 'object') for (const e of tree.entries) search(e.value, e.key);
    if (tree.kind === 'array') for (const item of tree.items) search(item, key);
  };
  for (const document of documents) search(document, '');
  return found;
}

function namedBy(key: string, value: string): string | undefined {
  if (key === 'localhostProfile') return value;
  if (/^security_?opt$/i.test(key)) return /^seccomp[=:](.*)/s.exec(value)?.[1];
  if (key === 'type' && (value === 'RuntimeDefault' || value === 'Unconfined')) return value;
  return /^(?:container\.)?seccomp\.security\.alpha\.kubernetes\.io\//.test(key) ? value : undefined;
}
