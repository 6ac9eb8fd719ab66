import { applyEdits, Editor, type TextEdit, type Value } from '@callgate/engine/internal/source/edit';
import type { SourceFormat } from '@callgate/engine/internal/source/read';
import type { Tree } from '@callgate/engine/internal/source/tree';
import { type Change, changesBetween } from './changes.ts';
import { hasTwoMeanings } from './dialects.ts';
import { readDocument } from './documents.ts';
import { isSame, plain, valueAt } from './plain.ts';

/** So often a text is edited until it says what it shall; edits at one place take a turn each. */
const MOST_TURNS = 24;

/**
 * The text of one document, changed so that it says what is wanted: it is read again, and exactly that comes out. Undefined
 * where that cannot be had. A value behind an alias is changed at its anchor if that is wanted wherever it is used, else it is
 * written out in the place of the alias.
 */
export function rewritten(text: string, format: SourceFormat, wanted: Value): string | undefined {
  return attempt(text, format, wanted, 'at-anchors') ?? attempt(text, format, wanted, 'at-aliases');
}

type AliasManner = 'at-anchors' | 'at-aliases';

function attempt(text: string, format: SourceFormat, wanted: Value, manner: AliasManner): string | undefined {
  let current = text;
  const seen = new Set([text]);
  for (let turn = 0; turn < MOST_TURNS; turn++) {
    const trees = readDocument(current, format).value;
    if (trees?.length !== 1) return undefined;
    const before = plain(trees[0]);
    if (isSame(before, wanted)) return current;
    const editor = new Editor(current, format, 'as-neighbours');
    const edits = changesBetween(before, wanted).map((change) => {
      try {
        return editOf(current, trees[0], wanted, change, editor, manner);
      } catch {
        // The editor is not made for what an alias shows of a place elsewhere.
        return undefined;
      }
    });
    const next = applyEdits(current, apart(edits.filter((edit) => edit !== undefined)));
    if (seen.has(next)) return undefined;
    seen.add(next);
    current = next;
  }
  return undefined;
}

/** One edit a place, deeper ones first; the others wait for the next turn. */
function apart(edits: readonly (TextEdit & { readonly depth: number })[]): TextEdit[] {
  const ordered = edits.toSorted((a, b) => a.span.start - b.span.start || b.depth - a.depth);
  const chosen: TextEdit[] = [];
  let end = -1;
  for (const edit of ordered) {
    if (edit.span.start <= end) continue;
    chosen.push(edit);
    end = edit.span.end;
  }
  return chosen;
}

function editOf(
  text: string,
  document: Tree,
  wanted: Value,
  change: Change,
  editor: Editor,
  manner: AliasManner,
): TextEdit & { readonly depth: number } {
  const { path } = change;
  let parent: Tree = document;
  for (const [depth, step] of path.entries()) {
    const isLast = depth === path.length - 1;
    const child = childOf(parent, step);
    const isAlias = child !== undefined && text[child.span.start] === '*';
    if (isLast || (isAlias && manner === 'at-aliases')) {
      const copied = isLast ? mergedMember(parent, step) : child;
      if (copied && hasTwoMeanings(copied, text)) throw new Error('a copy would mean something else');
      const put = isLast ? change : { value: valueAt(wanted, path.slice(0, depth + 1))! };
      return { ...editAt(parent, step, put, editor), depth };
    }
    parent = child!;
  }
  return { ...editor.replace(document, valueAt(wanted, path)!), depth: 0 };
}

function editAt(
  parent: Tree,
  step: string | number,
  change: Change | { readonly kind?: undefined; readonly value: Value },
  editor: Editor,
): TextEdit {
  if (parent.kind === 'object' && typeof step === 'string')
    return change.kind === 'remove' ? editor.unset(parent, step) : editor.set(parent, step, change.value);
  if (parent.kind !== 'array' || typeof step !== 'number') throw new Error('a path leads through a scalar');
  if (change.kind === 'remove') return editor.remove(parent, step);
  if (change.kind === 'add') return editor.insert(parent, step, change.value);
  return editor.replace(parent.items[step], change.value);
}

function childOf(tree: Tree, step: string | number): Tree | undefined {
  if (tree.kind === 'object') return tree.entries.find(({ key }) => key === step)?.value;
  return tree.kind === 'array' ? tree.items[Number(step)] : undefined;
}

/** What a merge key brings under a key that an object does not have itself. */
function mergedMember(tree: Tree, step: string | number): Tree | undefined {
  if (tree.kind !== 'object' || tree.entries.some(({ key }) => key === step)) return undefined;
  const merged = childOf(tree, '<<');
  const sources = merged?.kind === 'array' ? merged.items : merged ? [merged] : [];
  for (const source of sources) {
    const found = childOf(source, step) ?? mergedMember(source, step);
    if (found) return found;
  }
  return undefined;
}
