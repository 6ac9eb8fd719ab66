import { ClusterFault } from './cluster-fault.ts';

/** How deep an answer may nest; a list of pods needs some twenty levels. */
const MOST_LEVELS = 64;
/** Objects and arrays of an answer; 250 pods have some hundred thousand. */
const MOST_CONTAINERS = 2_000_000;

/** What JSON text says. Throws ClusterFault when it is none, or is made to fill the memory or the stack. */
export function parseJson(bytes: Uint8Array, what: string): unknown {
  const { depth, containers } = shapeOf(bytes);
  if (depth > MOST_LEVELS) throw new ClusterFault(`${what} nests deeper than ${MOST_LEVELS} levels`);
  if (containers > MOST_CONTAINERS)
    throw new ClusterFault(`${what} has more than ${MOST_CONTAINERS} objects`);
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  } catch {
    throw new ClusterFault(`${what} is no JSON`);
  }
}

/** The keys of an object; undefined for everything else. */
export function objectOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}

/** What stands there, if it is a text that says something. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** How deep JSON text nests, and how much is in it, found without reading it: brackets outside of strings. */
function shapeOf(bytes: Uint8Array): { readonly depth: number; readonly containers: number } {
  let [level, depth, containers] = [0, 0, 0];
  let isString = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (byte === 0x22) isString = !isString;
    else if (isString) {
      if (byte === 0x5c) i++;
    } else if (byte === 0x5b || byte === 0x7b) {
      containers++;
      depth = Math.max(depth, ++level);
    } else if (byte === 0x5d || byte === 0x7d) level--;
  }
  return { depth, containers };
}
