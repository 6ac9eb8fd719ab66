import type { Span } from '../diagnostics/span.ts';
import type { Tree } from '../source/tree.ts';

/** Keys and indexes, from the document on. */
export type Path = readonly (string | number)[];

/** A path as people write it: functions[0].http. */
export function dotted(path: Path): string {
  if (path.length === 0) return 'the spec';
  return path
    .map((step, i) => (typeof step === 'number' ? `[${step}]` : i === 0 ? step : `.${step}`))
    .join('');
}

/** Where a value stands: its key, where it has one; of a missing one, where it would. */
export function placeOf(tree: Tree, path: Path): Span {
  const found = treeAt(tree, path);
  if (!found) return placeOf(tree, path.slice(0, -1));
  const parent = treeAt(tree, path.slice(0, -1));
  const entry =
    parent?.kind === 'object' ? parent.entries.findLast(({ key }) => key === path.at(-1)) : undefined;
  return entry?.keySpan ?? { start: found.span.start, end: found.span.end };
}

/** The part of a document to which a path leads. */
export function treeAt(tree: Tree, path: Path): Tree | undefined {
  return path.reduce<Tree | undefined>((at, step) => {
    if (at?.kind === 'array') return at.items[Number(step)];
    return at?.kind === 'object' ? at.entries.findLast(({ key }) => key === step)?.value : undefined;
  }, tree);
}
