import type { Value } from '@callgate/engine/internal/source/edit';
import type { Tree } from '@callgate/engine/internal/source/tree';

/** Where a value stands in another: the keys and indices on the way to it. */
export type Path = readonly (string | number)[];

/** A value without places. Whole numbers are bigints, others as JavaScript reads them. */
export function plain(tree: Tree): Value {
  switch (tree.kind) {
    case 'object':
      return Object.fromEntries(tree.entries.map(({ key, value }) => [key, plain(value)]));
    case 'array':
      return tree.items.map(plain);
    case 'number':
      return /^-?\d+$/.test(tree.text) ? BigInt(tree.text) : Number(tree.text);
    case 'null':
      return null;
    default:
      return tree.value;
  }
}

/** Whether two values are the same; the order of keys does not matter. */
export function isSame(a: Value | undefined, b: Value | undefined): boolean {
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return Object.is(a, b);
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && isSame(childOf(a, key), childOf(b, key)))
  );
}

/** What stands at a path, if something does. */
export function valueAt(value: Value | undefined, path: Path): Value | undefined {
  return path.reduce<Value | undefined>((at, step) => childOf(at, step), value);
}

/** The value with another one at a path; objects on the way are made where nothing, or null, stands. */
export function withValue(value: Value | undefined, path: Path, put: Value): Value {
  if (path.length === 0) return put;
  const [step, ...rest] = path;
  if (Array.isArray(value) && typeof step === 'number')
    return value.with(step, withValue(value[step], rest, put));
  const inner = withValue(childOf(value, step), rest, put);
  return { ...(isObject(value) ? value : {}), [step]: inner };
}

/** The value without the key at the end of a path. */
export function withoutKey(value: Value, path: Path): Value {
  const parent = valueAt(value, path.slice(0, -1));
  if (!isObject(parent)) return value;
  const kept = Object.entries(parent).filter(([key]) => key !== path.at(-1));
  return withValue(value, path.slice(0, -1), Object.fromEntries(kept));
}

/** Whether it is an object of JSON. */
export function isObject(value: Value | undefined): value is { readonly [key: string]: Value } {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

/** The list that stands there, or an empty one. */
export function listOf(value: Value | undefined): readonly Value[] {
  return Array.isArray(value) ? value : [];
}

/** A string, or undefined where something else stands. */
export function stringOf(value: Value | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function childOf(value: Value | undefined, step: string | number): Value | undefined {
  if (value === null || typeof value !== 'object' || !Object.hasOwn(value, step)) return undefined;
  return (value as { readonly [key: string]: Value })[step];
}
