import type { Value } from './edit.ts';

/** How a value is written into a text, so that it looks like what stands around it. */
export type Manner =
  /** On one line, in brackets; keys and words stand in quotes or not. */
  | { readonly kind: 'line'; readonly isQuoted: boolean }
  /** In brackets over many lines, as JSON for people: by how much it is indented there, and by how much more inside. */
  | { readonly kind: 'lines'; readonly isQuoted: boolean; readonly indent: string; readonly step: string }
  /** YAML without brackets, one key a line. The dashes of a list stand below its key, or further in, by `dashStep`. */
  | {
      readonly kind: 'block';
      readonly indent: string;
      readonly step: string;
      readonly dashStep?: string;
    };

/** Words that some reader of YAML takes for a boolean or for null. */
const NO_WORD = /^(y|n|yes|no|on|off|true|false|null)$/i;
/** What is a string to every reader of YAML, without quotes. */
const PLAIN = /^[A-Za-z][\w./=-]*$/;
const PLAIN_IN_BLOCK = /^[A-Za-z][\w./=-]*(?::[\w./=-]+)*$/;

/** A value as it stands behind its key, or its dash; lines are parted by "\n". A block begins with a line break. */
export function written(value: Value, manner: Manner): string {
  if (typeof value === 'bigint') return value.toString();
  if (value === null || typeof value !== 'object') return scalar(value, manner);
  const isArray = Array.isArray(value);
  const count = Object.keys(value).length;
  if (count === 0) return isArray ? '[]' : '{}';
  if (manner.kind === 'block') return `\n${blockLines(value, manner).join('\n')}`;
  const [open, close] = isArray ? '[]' : '{}';
  const inner: Manner = manner.kind === 'line' ? manner : { ...manner, indent: manner.indent + manner.step };
  const parts = isArray
    ? value.map((item: Value) => written(item, inner))
    : Object.entries(value).map(([key, item]) => `${writtenKey(key, manner)}: ${written(item, inner)}`);
  if (manner.kind === 'line') return `${open}${parts.join(', ')}${close}`;
  const gap = `\n${manner.indent}${manner.step}`;
  return `${open}${gap}${parts.join(`,${gap}`)}\n${manner.indent}${close}`;
}

/** A key as it stands before its colon. */
export function writtenKey(key: string, manner: Manner): string {
  const isPlain = !isQuoted(manner) && /^[A-Za-z_][\w-]*$/.test(key) && !NO_WORD.test(key);
  return isPlain ? key : JSON.stringify(key);
}

function scalar(value: null | boolean | number | string, manner: Manner): string {
  const isPlain =
    typeof value === 'string' &&
    !isQuoted(manner) &&
    (manner.kind === 'block' ? PLAIN_IN_BLOCK : PLAIN).test(value) &&
    !NO_WORD.test(value);
  return isPlain ? value : JSON.stringify(value);
}

function isQuoted(manner: Manner): boolean {
  return manner.kind !== 'block' && manner.isQuoted;
}

function blockLines(
  value: readonly Value[] | { readonly [key: string]: Value },
  manner: Extract<Manner, { kind: 'block' }>,
): string[] {
  const { indent, step } = manner;
  if (Array.isArray(value))
    return value.map((item: Value) => {
      const text = written(item, { ...manner, indent: `${indent}  ` });
      return text.startsWith('\n') ? `${indent}- ${text.trimStart()}` : `${indent}- ${text}`;
    });
  return Object.entries(value).map(([key, item]) => {
    const inner = indent + (Array.isArray(item) ? (manner.dashStep ?? step) : step);
    const text = written(item, { ...manner, indent: inner });
    return `${indent}${writtenKey(key, manner)}:${text.startsWith('\n') ? '' : ' '}${text}`;
  });
}
