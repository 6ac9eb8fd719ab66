/** An object of a cluster as its API writes it. */
export type LiveObject = Readonly<Record<string, unknown>>;

/** The object below keys; undefined where something else stands, or nothing. */
export function part(object: LiveObject | undefined, ...keys: readonly string[]): LiveObject | undefined {
  let at: unknown = object;
  for (const key of keys) at = isObject(at) ? at[key] : undefined;
  return isObject(at) ? at : undefined;
}

function isObject(value: unknown): value is LiveObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A text; empty where something else stands. */
export function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
