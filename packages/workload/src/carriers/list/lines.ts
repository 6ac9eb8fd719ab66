import type { Span, Spanned } from '@callgate/engine/internal/diagnostics/span';

/** A line of a list, which may have been written over several, and where its characters stand in the whole text. */
export interface Line {
  readonly text: string;
  /** The place of the character at an offset of `text`. */
  placeOf(offset: number): number;
}

/** Every line of a text, without its end. */
export function linesOf(text: string): Line[] {
  const lines: Line[] = [];
  for (let start = 0; start <= text.length; ) {
    const end = text.indexOf('\n', start);
    const stop = end < 0 ? text.length : end;
    const from = start;
    lines.push({
      text: text.slice(start, text[stop - 1] === '\r' ? Math.max(start, stop - 1) : stop),
      placeOf: (offset) => from + offset,
    });
    start = stop + 1;
  }
  return lines;
}

/** The same, where a backslash at the end of a line stands for a space before the next; comments in between are skipped. */
export function joinedLines(text: string, isComment: (line: string) => boolean): Line[] {
  const joined: Line[] = [];
  let parts: { readonly line: Line; readonly length: number }[] = [];
  const close = () => {
    if (parts.length > 0) joined.push(parts.length === 1 ? whole(parts[0]) : together(parts));
    parts = [];
  };
  for (const line of linesOf(text)) {
    if (isComment(line.text)) continue;
    const goesOn = endsInBackslash(line.text);
    parts.push({ line, length: line.text.length - (goesOn ? 1 : 0) });
    if (!goesOn) close();
  }
  close();
  return joined;
}

function endsInBackslash(text: string): boolean {
  let count = 0;
  while (text[text.length - 1 - count] === '\\') count++;
  return count % 2 === 1;
}

function whole({ line, length }: { readonly line: Line; readonly length: number }): Line {
  return { text: line.text.slice(0, length), placeOf: line.placeOf };
}

function together(parts: readonly { readonly line: Line; readonly length: number }[]): Line {
  const starts: number[] = [];
  let size = 0;
  for (const { length } of parts) {
    starts.push(size);
    size += length + 1;
  }
  return {
    text: parts.map(({ line, length }) => line.text.slice(0, length)).join(' '),
    placeOf(offset) {
      let [low, high] = [0, parts.length - 1];
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if (starts[middle] <= offset) low = middle;
        else high = middle - 1;
      }
      return parts[low].line.placeOf(offset - starts[low]);
    },
  };
}

/** Where a part of a line stands; an empty one is the character that is there, or the last one of the line. */
export function spanIn(line: Line, from: number, end: number): Span {
  const start = Math.min(from, Math.max(0, line.text.length - 1));
  return { start: line.placeOf(start), end: line.placeOf(Math.max(start, end - 1)) + 1 };
}

/** The words of a line between two offsets, which blanks or the given characters part. */
export function wordsIn(
  line: Line,
  from = 0,
  to = line.text.length,
  isGap: (character: string) => boolean = isBlank,
): Spanned<string>[] {
  const words: Spanned<string>[] = [];
  for (let at = from; at < to; ) {
    if (isGap(line.text[at])) {
      at++;
      continue;
    }
    const start = at;
    while (at < to && !isGap(line.text[at])) at++;
    words.push({ value: line.text.slice(start, at), span: spanIn(line, start, at) });
  }
  return words;
}

/** Space, tab and what else C's isspace takes within a line. */
export function isBlank(character: string): boolean {
  return (
    character === ' ' || character === '\t' || character === '\r' || character === '\v' || character === '\f'
  );
}

/** A part of a line without blanks around it, as a word. */
export function trimmedIn(line: Line, from = 0, to = line.text.length): Spanned<string> {
  let [start, end] = [from, to];
  while (start < end && isBlank(line.text[start])) start++;
  while (end > start && isBlank(line.text[end - 1])) end--;
  return { value: line.text.slice(start, end), span: spanIn(line, start, end) };
}

/** A part of a word, with its place; the word stands in one piece. */
export function partOfWord(word: Spanned<string>, start: number, end = word.value.length): Spanned<string> {
  return {
    value: word.value.slice(start, end),
    span: { start: word.span.start + start, end: word.span.start + Math.max(end, start + 1) },
  };
}
