/**
 * What the probe writes: lines of ASCII, so that logs of engines keep them. A first one says that it can write at all. One for
 * each call follows, with its place in the list and three words, each spelled as eight letters:
 *   - what clone(2) answered for the first child,
 *   - that child's wait status: it exits with the call's result,
 *   - the second child's wait status, where the first was killed or could not exit: it ends by a fault that tells the result.
 * A probe that makes calls in a row, without children, writes the call's result as the first word alone.
 */
export const HELLO = 'callgate-probe\n';
const LINE = /^callgate-call (\d{1,6}) ([A-P]{8}) ([A-P]{8}) ([A-P]{8})$/;

/** What the words hold before anything is known. */
export const UNKNOWN = 0x7fffffff;

/** The line of a call before its words are spelled. */
export function blankLine(place: number): string {
  return `callgate-call ${place} ${[0, 1, 2].map(() => '-'.repeat(8)).join(' ')}\n`;
}

/** Where in a line the word is spelled: 0, 1 or 2. */
export function wordOffset(place: number, word: number): number {
  return `callgate-call ${place} `.length + 9 * word;
}

/** The words of each call whose line was written whole, by the call's place; undefined when there is no first line. */
export function readLines(
  stdout: Uint8Array,
): ReadonlyMap<number, readonly [number, number, number]> | undefined {
  const lines = Buffer.from(stdout).toString('latin1').split('\n').slice(0, -1);
  if (!lines.some((line) => line.trimEnd().endsWith(HELLO.trimEnd()))) return undefined;
  const calls = new Map<number, readonly [number, number, number]>();
  for (const line of lines) {
    const found = LINE.exec(line.trimEnd());
    if (found) calls.set(Number(found[1]), [wordOf(found[2]), wordOf(found[3]), wordOf(found[4])]);
  }
  return calls;
}

/** A word of 32 bits, signed. */
function wordOf(letters: string): number {
  let word = 0;
  for (const letter of letters) word = (word << 4) | (letter.charCodeAt(0) - 0x41);
  return word;
}
