import type { Value } from '@callgate/engine/internal/source/edit';
import { isObject, isSame, type Path } from './plain.ts';

/** One step from a value to another. Paths are those of the old value; what is added to a list comes at its end. */
export type Change =
  | { readonly kind: 'add'; readonly path: Path; readonly value: Value }
  | { readonly kind: 'replace'; readonly path: Path; readonly value: Value; readonly old: Value }
  | { readonly kind: 'remove'; readonly path: Path; readonly old: Value };

/** The smallest changes that make one value of another, as long as no list is put in another order. */
export function changesBetween(before: Value, after: Value, path: Path = []): Change[] {
  if (isSame(before, after)) return [];
  if (isObject(before) && isObject(after) && Object.keys(before).length > 0 && Object.keys(after).length > 0)
    return inObject(before, after, path);
  if (Array.isArray(before) && Array.isArray(after) && before.length > 0 && after.length > 0)
    return inArray(before, after, path);
  return [{ kind: 'replace', path, value: after, old: before }];
}

function inObject(
  before: { readonly [key: string]: Value },
  after: { readonly [key: string]: Value },
  path: Path,
): Change[] {
  const kept = Object.entries(before).flatMap(([key, old]): Change[] =>
    Object.hasOwn(after, key)
      ? changesBetween(old, after[key], [...path, key])
      : [{ kind: 'remove', path: [...path, key], old }],
  );
  const added = Object.entries(after).flatMap(([key, value]): Change[] =>
    Object.hasOwn(before, key) ? [] : [{ kind: 'add', path: [...path, key], value }],
  );
  return [...kept, ...added];
}

function inArray(before: readonly Value[], after: readonly Value[], path: Path): Change[] {
  if (before.length > after.length) return removals(before, after, path);
  return after.flatMap((value, i): Change[] =>
    i < before.length
      ? changesBetween(before[i], value, [...path, i])
      : [{ kind: 'add', path: [...path, i], value }],
  );
}

/** Items taken out, last first, so that the numbers of the others hold while they go. */
function removals(before: readonly Value[], after: readonly Value[], path: Path): Change[] {
  const gone: Change[] = [];
  const kept: { readonly index: number; readonly value: Value }[] = [];
  let wanted = 0;
  before.forEach((old, i) => {
    const isSpare = before.length - i > after.length - wanted;
    if (wanted < after.length && (isSame(old, after[wanted]) || !isSpare)) {
      kept.push({ index: i, value: after[wanted++] });
      return;
    }
    gone.unshift({ kind: 'remove', path: [...path, i], old });
  });
  return [
    ...kept.flatMap(({ index, value }) => changesBetween(before[index], value, [...path, index])),
    ...gone,
  ];
}
