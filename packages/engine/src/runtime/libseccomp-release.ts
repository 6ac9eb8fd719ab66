import { NUMBERS, RELEASES } from '../libseccomp/generated/releases.ts';
import { isBefore, parseRelease, type Release } from './target.ts';

/** A release of libseccomp, as far as it is told from others by the system calls that it knows. */
export interface LibseccompRelease {
  /** As it was written: 2.5.4, or with what a distribution made of it 2.5.4-1+deb12u1. */
  readonly text: string;
  /**
   * The names of system calls that it does not know, and skips in a profile. Of a release that lies between one that is certain
   * to know a call and one that is certain not to, it is taken that it does not.
   */
  readonly skips: readonly string[];
  /** Calls, as `ABI NAME`, that it knows by name, and to which it gives no number on that ABI. */
  readonly unnumbered: readonly string[];
}

/** The oldest release whose table is known. */
export const FIRST_LIBSECCOMP = '2.3.0';

/** Releases of distributions whose table is that of a later release of the authors: the sources of libseccomp-releases.json. */
const DISTRIBUTED: Readonly<Record<string, Release>> = {
  '2.5.1-1+deb11u1': [2, 5, 3],
  '2.5.4-1+deb12u1': [2, 5, 5],
};

/** The release that a text such as 2.5.4 names; undefined where it is none, or older than any that is known. */
export function parseLibseccomp(text: string): LibseccompRelease | undefined {
  const release = /^[\w.+~-]{1,64}$/.test(text) ? parseRelease(text) : undefined;
  if (!release || isBefore(release, parseRelease(FIRST_LIBSECCOMP)!)) return undefined;
  const table = Object.hasOwn(DISTRIBUTED, text) ? DISTRIBUTED[text] : release;
  return {
    text,
    skips: linesAfter(RELEASES, table).flatMap(([, ...names]) => names),
    unnumbered: linesAfter(NUMBERS, table).flatMap(([name, ...abis]) => abis.map((abi) => `${abi} ${name}`)),
  };
}

/** What stands behind the release in the lines of later releases. */
function linesAfter(lines: string, table: Release): string[][] {
  return lines
    .trim()
    .split('\n')
    .map((line) => line.split(' '))
    .flatMap(([first, ...rest]) => (isBefore(table, parseRelease(first)!) ? [rest] : []));
}
