import { isKnownName } from '../../syscalls/lookup.ts';
import { eachLine, type LogFormat } from './log-format.ts';

/** Plain lists: a name a line or several with commas; "#" begins a comment; quotes and bullets do not matter. */
export const names: LogFormat = {
  id: 'names',
  about: 'a plain list of system call names',
  recognises: (line) => {
    const found = namesOf(line);
    return found.length > 0 && found.every(isKnownName);
  },
  reader: (tally) =>
    eachLine((line) => {
      for (const name of namesOf(line)) tally.name(name);
    }),
};

function namesOf(line: string): string[] {
  return line
    .replace(/(?:^|\s)#.*/, '')
    .replace(/^\s*[-*]\s+/, '')
    .split(/[\s,;]+/)
    .map((word) => word.replace(/^["'[]+|["'\]]+$/g, ''))
    .filter((word) => word !== '');
}
