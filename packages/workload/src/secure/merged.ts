import type { Value } from '@callgate/engine/internal/source/edit';
import { isObject, listOf, type Path, valueAt, withValue } from './plain.ts';

/**
 * The key of an object, also where YAML's merge key (`<<`) brings it. An own key counts, wherever it stands: callgate adds keys
 * behind a merge, and there all readers agree.
 */
export function member(value: Value | undefined, key: string): Value | undefined {
  if (!isObject(value)) return undefined;
  if (Object.hasOwn(value, key)) return value[key];
  if (!Object.hasOwn(value, '<<')) return undefined;
  const merged = value['<<'];
  for (const source of Array.isArray(merged) ? listOf(merged) : [merged]) {
    const found = member(source, key);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The same, through several objects. */
export function memberAt(value: Value | undefined, keys: readonly string[]): Value | undefined {
  return keys.reduce<Value | undefined>((at, key) => member(at, key), value);
}

/** A value with a member put in; what merge keys bring on the way there is written out first, so that the rest of it stays. */
export function withMember(document: Value, base: Path, keys: readonly string[], put: Value): Value {
  let changed = document;
  let at = base;
  for (const key of keys.slice(0, -1)) {
    const parent = valueAt(changed, at);
    const inherited = member(parent, key);
    const isOwn = isObject(parent) && Object.hasOwn(parent, key);
    at = [...at, key];
    if (!isOwn && inherited !== undefined) changed = withValue(changed, at, flattened(inherited));
  }
  return withValue(changed, [...base, ...keys], put);
}

/** An object with what its merge keys bring written out. */
function flattened(value: Value): Value {
  if (!isObject(value) || !Object.hasOwn(value, '<<')) return value;
  const { '<<': merged, ...own } = value;
  const sources = (Array.isArray(merged) ? listOf(merged) : [merged]).map(flattened).filter(isObject);
  return { ...Object.assign({}, ...sources.toReversed()), ...own };
}
