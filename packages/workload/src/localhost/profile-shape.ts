import { readJson } from '@callgate/engine/internal/source/read-json';
import type { Tree } from '@callgate/engine/internal/source/tree';

/** What Go finds in a document that is to be a profile. */
export type ProfileShape =
  | { readonly kind: 'profile' }
  /** Nothing of a profile, which counts as none. */
  | { readonly kind: 'none'; readonly why: string }
  | { readonly kind: 'no-object'; readonly why: string };

/** Whether Go finds a profile in it: it takes what it knows, in any case, and leaves everything else. */
export function shapeOfProfile(document: Tree | string): ProfileShape {
  const tree = typeof document === 'string' ? readJson(document, () => {}).value : document;
  if (tree?.kind === 'null') return { kind: 'none', why: 'it is null' };
  if (tree?.kind !== 'object') return { kind: 'no-object', why: 'it is no JSON object' };
  const named = (key: string) => tree.entries.find((entry) => entry.key.toLowerCase() === key)?.value;
  const action = named('defaultaction');
  const syscalls = named('syscalls');
  const hasAction = action !== undefined && action.kind !== 'null' && !isEmptyText(action);
  const hasRules = syscalls?.kind === 'array' && syscalls.items.length > 0;
  return hasAction || hasRules ? { kind: 'profile' } : { kind: 'none', why: whatItIs(tree) };
}

function isEmptyText(tree: Tree): boolean {
  return tree.kind === 'string' && tree.value === '';
}

function whatItIs(tree: Tree & { kind: 'object' }): string {
  const has = (key: string) => tree.entries.some((entry) => entry.key === key);
  if (tree.entries.length === 0) return 'it is an empty object';
  if (has('apiVersion') && has('kind'))
    return 'it is an object of Kubernetes, and no profile: what is in its spec is not looked at';
  if (has('linux') || has('ociVersion'))
    return "it is a runtime's config.json, and no profile: linux.seccomp is not looked at";
  return 'it has neither defaultAction nor syscalls';
}
