import type { Random } from './random-programs.ts';

/** What must not come through to a terminal: codes that it acts on, and marks that turn the order of letters round. */
const ACTING: readonly string[] = [
  ...[
    '\u001b[2J',
    '\u001b[31;1m',
    '\u001b]0;title\u0007',
    '\u001bP',
    '\u0007',
    '\b',
    '\r',
    '\u000b',
    '\u007f',
  ],
  // C1, of which 9b alone begins a code.
  ...['\u0080', '\u0085', '\u0090', '\u009b2J', '\u009d0;title\u009c', '\u009f'],
  ...['\u202a', '\u202b', '\u202c', '\u202d', '\u202e', '\u2066', '\u2067', '\u2068', '\u2069'],
  ...['\u200e', '\u200f', '\u061c', '\u2028', '\u2029', '\ufeff', '\ufffe', '\u{e0041}'],
];
/** What no argument of a program can hold. */
const IN_FILES_ONLY: readonly string[] = ['\0', '\ud800', '\udc00', '\udfff\ud800'];

/** Keys that every object of JavaScript has, and words that a careless lookup takes for something. */
const INHERITED: readonly string[] = [
  ...['__proto__', 'constructor', 'prototype', 'toString', 'valueOf', 'hasOwnProperty', '__defineGetter__'],
  ...['length', 'null', 'true', '', ' ', '.', '-', '--', '*', '&', '%s%n', '$(id)', '<b>', '<!--'],
];
const ORDINARY: readonly string[] = ['read', 'openat', 'SCMP_ACT_ALLOW', 'SCMP_ARCH_X86_64', 'x86_64', 'sh'];

/** Numbers at and beyond what numbers may be. */
const NUMBERS: readonly string[] = [
  ...['-1', '-0', '0', '1.5', '1e999', '-1e999', '1e-999', '0x10', '007', '0o7', '.5', '5.', '+1', '1_000'],
  ...['2147483648', '4294967295', '4294967296', '9007199254740993', '18446744073709551615'],
  ...['18446744073709551616', '9'.repeat(400), '-'.repeat(40), '.inf', '.nan', 'NaN', '1e', '١'],
];

/** In bytes; an argument may be a little longer. */
const LONG = 100_000;
/** Among so many words there is one that is long. */
const LONG_EVERY = 25;

/** A word that nobody would write in good faith; `inFile`: with what an argument could not hold, too. */
export function hostileWord(random: Random, inFile = true): string {
  if (random.below(LONG_EVERY) === 0) return longWord(random);
  if (random.chance(0.2)) return random.pick(INHERITED);
  const acting = inFile ? [...ACTING, ...IN_FILES_ONLY] : ACTING;
  const word = random.pick(ORDINARY);
  const at = random.below(word.length + 1);
  return `${word.slice(0, at)}${random.pick(acting)}${word.slice(at)}`;
}

/** None that leads out of a folder. */
function longWord(random: Random): string {
  const part = random.pick(['a', 'read ', '\u001b[2J', '\u202e', '"', '\\', '/x', '\u{1f600}']);
  return part.repeat(LONG / Buffer.byteLength(part));
}

export function hostileNumber(random: Random): string {
  return random.pick(NUMBERS);
}

/** How formats write what they do not put down as it is. */
const WRITINGS: Readonly<Record<string, (word: string) => string>> = {
  asIs: (word) => word,
  json: (word) =>
    JSON.stringify(word)
      .slice(1, -1)
      .replace(/[^\x20-\x7e]/g, jsonEscape),
  yaml: (word) =>
    word.replace(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, (c) => (c === '\u001b' ? '\\e' : jsonEscape(c))),
  // comm in the kernel's audit records.
  hex: (word) => Buffer.from(word).toString('hex').toUpperCase(),
  // Strings of strace.
  octal: (word) =>
    word.replace(/[^\x20-\x7e]/g, (c) => [...Buffer.from(c)].map((b) => `\\${b.toString(8)}`).join('')),
};

function jsonEscape(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** The word as bytes, a character each, written in one of the ways in which formats write words. */
export function written(random: Random, word: string): string {
  const write = random.pick(Object.values(WRITINGS));
  return bytesOf(write(word));
}

/** Text as UTF-8, a character for each byte; half of a surrogate pair as three bytes that are no UTF-8. */
export function bytesOf(text: string): string {
  return text
    .split(/(\p{Surrogate})/u)
    .map((part) =>
      /^\p{Surrogate}$/u.test(part) ? '\u00ed\u00a0\u0080' : Buffer.from(part).toString('latin1'),
    )
    .join('');
}
