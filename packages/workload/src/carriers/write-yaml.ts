import { writeJson } from '@callgate/engine/internal/source/write-json';

/** Words that YAML 1.1 or 1.2 reads as something else than a string. */
const OTHER_MEANING = /^(?:y|n|yes|no|on|off|true|false|null|inf|nan)$/i;
const PLAIN = /^[A-Za-z/](?:[\w./@-]|:(?=[\w./@-]))*$/;
/** Short lists of short words stand on one line. */
const LONGEST_LINE = 100;

/** A document as YAML: keys in their order, texts of several lines as blocks, 64-bit numbers whole. Ends in a newline. */
export function writeYaml(document: object): string {
  return `${lines(document, '').join('\n')}\n`;
}

/** Several documents in one file. */
export function writeYamlDocuments(documents: readonly object[]): string {
  return documents.map(writeYaml).join('---\n');
}

function lines(value: object, indent: string): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => listItem(item, indent));
  return Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .flatMap(([key, item]) => member(scalar(key), item, indent));
}

function member(key: string, value: unknown, indent: string): string[] {
  if (typeof value === 'string' && isBlock(value))
    return [`${indent}${key}: |`, ...block(value, `${indent}  `)];
  const short = onOneLine(value, indent.length + key.length + 2);
  if (short !== undefined) return [`${indent}${key}: ${short}`];
  return [`${indent}${key}:`, ...lines(value as object, `${indent}  `)];
}

function listItem(value: unknown, indent: string): string[] {
  const short = onOneLine(value, indent.length + 2);
  if (short !== undefined) return [`${indent}- ${short}`];
  const [first, ...rest] = lines(value as object, `${indent}  `);
  return [`${indent}- ${first.trimStart()}`, ...rest];
}

/** A value that needs no lines of its own. */
function onOneLine(value: unknown, column: number): string | undefined {
  if (value === null || typeof value !== 'object') return scalar(value);
  const items: unknown[] = Array.isArray(value) ? value : Object.values(value);
  if (items.length === 0) return Array.isArray(value) ? '[]' : '{}';
  if (!Array.isArray(value) || items.some((item) => typeof item === 'object')) return undefined;
  const text = `[${items.map(scalar).join(', ')}]`;
  return column + text.length <= LONGEST_LINE ? text : undefined;
}

function scalar(value: unknown): string {
  if (typeof value !== 'string') return writeJson(value);
  return PLAIN.test(value) && !OTHER_MEANING.test(value) ? value : writeJson(value);
}

/** A text of lines that a block can hold as they are: it ends in one newline and begins with no space. */
function isBlock(text: string): boolean {
  return /^[^\s][\s\S]*[^\n]\n$/.test(text) && !/[^\n\x20-\x7e]/.test(text);
}

function block(text: string, indent: string): string[] {
  return text
    .slice(0, -1)
    .split('\n')
    .map((line) => (line === '' ? '' : indent + line));
}
