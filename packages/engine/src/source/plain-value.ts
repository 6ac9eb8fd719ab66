import type { Tree } from './tree.ts';

/** What a document says, without its places: as JSON.parse() gives it. */
export function plainValue(tree: Tree): unknown {
  switch (tree.kind) {
    case 'object':
      return Object.fromEntries(tree.entries.map(({ key, value }) => [key, plainValue(value)]));
    case 'array':
      return tree.items.map(plainValue);
    case 'number':
      return Number(tree.text);
    case 'null':
      return null;
    default:
      return tree.value;
  }
}
