import { isKnownName } from '../../syscalls/lookup.ts';
import { eachLine, type LogFormat } from './log-format.ts';

const LONGEST_NAME = 64;

/** Plain lists: a name a line or several with commas; "#" begins a comment; quotes and bullets do not matter. */
export const names: LogFormat = {
  id: 'names',
  about: 'a plain list of system call names',
  recognises: () => false,
  // One word of prose may happen to be a call's name.
  documentLines(lines) {
    const filled = lines.filter((line) => line.replace(/(?:^|\s)#.*/, '').trim() !== '');
    const known = filled.filter(isNames).length;
    return 2 * known >= filled.length ? known : 0;
  },
  reader: (tally) =>
    eachLine((line) => {
      for (const name of namesOf(line)) tally.name(name);
    }),
};

function isNames(line: string): boolean {
  const found = namesOf(line);
  // A typing error among several names is told, and does not make the line prose.
  return found.length > 0 && 2 * found.filter(isKnownName).length > found.length;
}

function namesOf(line: string): string[] {
  return line
    .replace(/(?:^|\s)#.*/, '')
    .replace(/^\s*[-*]\s+/, '')
    .split(/[\s,;]+/)
    .map((word) => (word.length > LONGEST_NAME ? word : word.replace(/^["'[]+|["'\]]+$/g, '')))
    .filter((word) => word !== '');
}
