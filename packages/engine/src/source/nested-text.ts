import type { Span } from '../diagnostics/span.ts';
import type { Tree } from './tree.ts';

/** Where the characters of a string stand in the text that holds it: offsets of the one to offsets of the other. */
export type Places = (offset: number) => number;

/**
 * The places of a string's characters, of which `span` is the whole in quotes or in a YAML block. A string that is written
 * in a way which cannot be followed, such as a folded one, has its beginning for all.
 */
export function placesIn(text: string, span: Span, value: string): Places {
  const first = text[span.start];
  const starts =
    first === '"'
      ? escapedPlaces(text, span.start + 1, span.end, value)
      : first === '|'
        ? blockPlaces(text, span, value)
        : plainPlaces(text, span.start + (first === "'" ? 1 : 0), value);
  return (offset) => (starts ? starts(offset) : span.start);
}

/** A tree read from a string, with the places of the text that holds the string. */
export function movedTree(tree: Tree, places: Places): Tree {
  const span = movedSpan(tree.span, places);
  switch (tree.kind) {
    case 'object':
      return {
        ...tree,
        span,
        entries: tree.entries.map(({ key, keySpan, value }) => ({
          key,
          keySpan: movedSpan(keySpan, places),
          value: movedTree(value, places),
        })),
      };
    case 'array':
      return { ...tree, span, items: tree.items.map((item) => movedTree(item, places)) };
    default:
      return { ...tree, span };
  }
}

export function movedSpan({ start, end }: Span, places: Places): Span {
  return { start: places(start), end: places(end) };
}

function plainPlaces(text: string, from: number, value: string): Places | undefined {
  return text.startsWith(value, from) ? (offset) => from + offset : undefined;
}

/** In double quotes a character may be an escape of 2, 6 or more; a string over several lines is not followed. */
function escapedPlaces(text: string, from: number, to: number, value: string): Places | undefined {
  const starts = new Uint32Array(value.length + 1);
  let at = from;
  for (let i = 0; i < value.length; i++) {
    starts[i] = at;
    if (text[at] === '\\') at += { u: 6, x: 4, U: 10 }[text[at + 1]] ?? 2;
    else if (text[at] === value[i]) at++;
    else return undefined;
  }
  starts[value.length] = Math.min(at, to);
  return (offset) => starts[Math.min(offset, value.length)];
}

/** A block keeps its lines, each behind the indentation of the first that is not empty. */
function blockPlaces(text: string, span: Span, value: string): Places {
  const lines = [text.indexOf('\n', span.start) + 1];
  for (let at = lines[0]; at > 0 && at < span.end; ) {
    at = text.indexOf('\n', at) + 1;
    if (at > 0) lines.push(at);
  }
  const indent = /^ */.exec(text.slice(lines.find((at) => !/^ *\n/.test(text.slice(at, at + 200))) ?? 0))![0];
  const valueLines = lineStarts(value);
  return (offset) => {
    const line = lastAtMost(valueLines, offset);
    const start = lines[Math.min(line, lines.length - 1)];
    return Math.min(start + indent.length + offset - valueLines[line], span.end);
  };
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

/** The index of the last of ascending numbers that is at most the given one. */
function lastAtMost(ascending: readonly number[], most: number): number {
  let [low, high] = [0, ascending.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (ascending[middle] <= most) low = middle;
    else high = middle - 1;
  }
  return low;
}
