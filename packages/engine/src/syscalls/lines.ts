/**
 * Reads a table that is kept as text, a line each: a name, a space, and what belongs to it. Objects with thousands of keys
 * would cost every start of a program more than most programs ever look up; a text costs nothing until it is read.
 */
export function linesByName(text: string): ReadonlyMap<string, string> {
  const lines = new Map<string, string>();
  for (let start = 1; start < text.length; ) {
    const end = text.indexOf('\n', start);
    const space = text.indexOf(' ', start);
    if (space < 0 || space > end) lines.set(text.slice(start, end), '');
    else lines.set(text.slice(start, space), text.slice(space + 1, end));
    start = end + 1;
  }
  return lines;
}

/** A value that is made when it is asked for, once. */
export function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
