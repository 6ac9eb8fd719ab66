/**
 * Whether the lines of a transcript are what a command said: all of it, in order. "…" alone in a line stands for any number
 * of lines, and within a line for any text.
 */
export function matchesTranscript(said: readonly string[], shown: readonly string[]): boolean {
  return matches(said, shown, matchesLine);
}

function matchesLine(line: string, shown: string): boolean {
  return matches([...line], [...shown], (character, wanted) => character === wanted);
}

/**
 * Whether a sequence is what a pattern says, in which "…" stands for anything. Each part between two "…" is taken where it
 * is found first, which leaves the most to those that follow; the last one stands at the end.
 */
function matches(
  whole: readonly string[],
  pattern: readonly string[],
  isSame: (item: string, wanted: string) => boolean,
): boolean {
  const [first, ...others] = partsOf(pattern);
  const last = others.pop();
  const isAt = (part: readonly string[], at: number) =>
    at + part.length <= whole.length && part.every((wanted, index) => isSame(whole[at + index], wanted));
  if (!isAt(first, 0)) return false;
  if (!last) return first.length === whole.length;
  let at = first.length;
  for (const part of others) {
    while (!isAt(part, at)) if (++at > whole.length) return false;
    at += part.length;
  }
  return at + last.length <= whole.length && isAt(last, whole.length - last.length);
}

/** What stands before, between and after the "…" of a pattern. */
function partsOf(pattern: readonly string[]): string[][] {
  const parts: string[][] = [[]];
  for (const item of pattern)
    if (item === '…') parts.push([]);
    else parts.at(-1)!.push(item);
  return parts;
}
