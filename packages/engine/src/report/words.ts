import { escapedCharacter, replaceUnprintable } from '../source/unprintable.ts';

/** So much of a text from outside stands in a message. */
const LONGEST = 300;

/** Text from outside, with everything that a terminal would act on escaped, and not longer than anybody reads. */
export function printable(text: string): string {
  const escaped = replaceUnprintable(text.slice(0, LONGEST + 1), escapedCharacter);
  return escaped.length > LONGEST ? `${escaped.slice(0, LONGEST - 1)}…` : escaped;
}

/** The same with one character in the place of each, for what stands in columns. */
export function printableInPlace(text: string): string {
  return replaceUnprintable(text, (c) => (c === '\t' ? ' ' : '?'));
}

/** A list in a sentence: the first of it, and how many there are more. */
export function listed(words: readonly string[], most = 20): string {
  const more = words.length - most;
  return more > 0 ? `${words.slice(0, most).join(', ')} and ${more} more` : words.join(', ');
}

/** Words in lines of at most so many columns, each line indented. */
export function wrap(words: readonly string[], indent: string, width = 100): string {
  const lines: string[] = [];
  let line = '';
  for (const word of words) {
    if (line && indent.length + line.length + 1 + word.length > width) {
      lines.push(indent + line);
      line = word;
    } else line = line ? `${line} ${word}` : word;
  }
  if (line) lines.push(indent + line);
  return lines.join('\n');
}

/** 1 call, 2 calls; large numbers with commas. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${grouped(count)} ${count === 1 ? one : many}`;
}

/** A whole number with a comma before every third digit. Node's own way would load its languages first, for 35 ms. */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** A text up to its first full stop. */
export function firstSentence(text: string): string {
  return text.split(/(?<=\.) /)[0];
}
