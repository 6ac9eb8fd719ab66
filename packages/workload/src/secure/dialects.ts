import type { Tree } from '@callgate/engine/internal/source/tree';

/** Words that YAML 1.1, which Kubernetes reads, takes for booleans, and numbers that it reads otherwise. */
const AMBIGUOUS = /^(y|n|yes|no|on|off|[-+]?[0-9][0-9_:.]*|[-+]?0[bo]?[0-7_]+)$/i;
const PLAIN_NUMBER = /^-?(0|[1-9]\d*)$/;

/**
 * Whether what stands in a tree would be something else for a reader of YAML 1.1 when its value is written once more: a word in no
 * quotes such as "yes", a number such as 0755, a merge key. Copies of such are not made.
 */
export function hasTwoMeanings(tree: Tree, text: string): boolean {
  const source = () => text.slice(tree.span.start, tree.span.end);
  switch (tree.kind) {
    case 'object':
      return tree.entries.some(({ key, value }) => key === '<<' || hasTwoMeanings(value, text));
    case 'array':
      return tree.items.some((item) => hasTwoMeanings(item, text));
    case 'number':
      return !PLAIN_NUMBER.test(source());
    case 'string':
      return tree.value.length < 40 && AMBIGUOUS.test(source());
    default:
      return false;
  }
}
