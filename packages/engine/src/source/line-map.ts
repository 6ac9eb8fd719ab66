/** A place as people count it: both from 1, the column in UTF-16 units. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/**
 * Turns offsets of one text into lines and columns.
 * @example
 * ```js
 * import { lineMap } from '@callgate/engine';
 * lineMap('one\ntwo')(5); // → { line: 2, column: 2 }
 * ```
 */
export function lineMap(text: string): (offset: number) => Position {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle] <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: Math.max(0, offset - starts[low]) + 1 };
  };
}
