import type { SourceFormat } from './read.ts';

/** So many lines of a text tell how it is indented. */
const MOST_LINES = 2000;

/** By how much the first line is indented that is indented more than the key before it. */
export function indentationStep(text: string, format: SourceFormat): string {
  if (format === 'json') return /^\s*[[{][^\n]*\n([ \t]+)/.exec(text)?.[1] ?? '  ';
  let column: number | undefined;
  for (const line of text.split('\n', MOST_LINES)) {
    const indent = /^ */.exec(line)![0].length;
    if (column !== undefined && indent > column && !/^[#-]/.test(line.slice(indent)))
      return ' '.repeat(Math.min(indent - column, 8));
    column = line.trimEnd().endsWith(':') ? /^ *(?:- +)*/.exec(line)![0].length : undefined;
  }
  return '  ';
}

/** Whether the dashes of the first list below a key stand below it, or by a step further in. */
export function dashStep(text: string, step: string): string {
  let key: string | undefined;
  for (const line of text.split('\n', MOST_LINES)) {
    const indent = /^ */.exec(line)![0];
    if (key !== undefined && line.startsWith('- ', indent.length))
      return indent.length > key.length ? step : '';
    key = line.trimEnd().endsWith(':') ? /^ *(?:- +)*/.exec(line)![0] : undefined;
  }
  return step;
}
