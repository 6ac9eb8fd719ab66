import { escapedInJson, replaceUnprintable } from './unprintable.ts';

/**
 * A value as JSON text on one line, as JSON.stringify writes it, but with bigints: JSON's numbers can hold them, and
 * JavaScript's cannot. What a terminal would act on is escaped.
 * @example
 * ```js
 * import { writeJson } from '@callgate/engine/report';
 * writeJson({ value: 2n ** 53n + 1n }); // → '{"value":9007199254740993}'
 * ```
 */
export function writeJson(value: unknown): string {
  return write(value, '', '', ':');
}

/** The same in lines, two spaces deep. */
export function writeIndentedJson(value: unknown): string {
  return write(value, '\n', '  ', ': ');
}

function write(value: unknown, lineEnd: string, step: string, colon: string): string {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'string') return written(value);
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  const parts = Array.isArray(value)
    ? value.map((item) => write(item, lineEnd && lineEnd + step, step, colon))
    : Object.entries(value)
        .filter(([, item]) => item !== undefined)
        .map(
          ([key, item]) => `${written(key)}${colon}${write(item, lineEnd && lineEnd + step, step, colon)}`,
        );
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  if (parts.length === 0) return open + close;
  const inner = lineEnd && lineEnd + step;
  return `${open}${inner}${parts.join(`,${inner}`)}${lineEnd}${close}`;
}

function written(text: string): string {
  return replaceUnprintable(JSON.stringify(text), escapedInJson);
}
