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
    if (isProfile(tree)) found.push({ name: name(), tree, diagnostics: [] });
    else if (tree.kind === 'object')
      for (const { key, value } of tree.entries) {
        const inner = value.kind === 'string' && value.value.includes('defaultAction');
        // The keys of a ConfigMap are names of files.
        if (inner) found.push(...inText(value, key));
        else search(value, [...path, key], isSpec(key) ? owner : undefined);
      }
    else if (tree.kind === 'array')
      for (const [i, item] of tree.items.entries())
        if (item.kind === 'string' && item.value.includes('defaultAction'))
          found.push(...inText(item, name()));
        else search(item, [...path, String(i)], nameOf(item));
  }
}

/** What a resource is called stands for its specification. */
function isSpec(key: string): boolean {
  return key === 'spec';
}

function isProfile(tree: Tree): boolean {
  return entry(tree, 'defaultaction') !== undefined;
}

/** metadata.name of a Kubernetes resource. */
function nameOf(tree: Tree): string | undefined {
  const metadata = entry(tree, 'metadata');
  const name = metadata && entry(metadata, 'name');
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
