/** So many names are told of a longer list. */
const MOST_NAMED = 8;

/** Names in a sentence, the first of many. */
export function listed(names: readonly string[], most = MOST_NAMED): string {
  const more = names.length - most;
  return more > 0 ? `${names.slice(0, most).join(', ')} and ${more} more` : names.join(', ');
}

/** "a, b and c". */
export function inWords(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
