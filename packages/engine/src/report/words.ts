/** What a terminal would act on, and what turns the order of letters round. */
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** Text from outside, with everything that a terminal would act on escaped. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

/** The same with one character in the place of each, for what stands in columns. */
export function printableInPlace(text: string): string {
  return text.replace(UNPRINTABLE, (c) => (c === '\t' ? ' ' : '?'));
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
