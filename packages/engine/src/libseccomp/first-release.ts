import { OLDEST, RELEASES } from './generated/releases.ts';

/** Between which releases of its own authors libseccomp came to know a call; distributions add calls to older ones. */
export interface FirstRelease {
  /** The oldest release that is certain to know it. */
  readonly first: string;
  /** The newest one before that is certain not to; null where `first` is the oldest that was looked at. */
  readonly notIn: string | null;
}

/** Which libseccomp knows a call by its name; an older one skips the call in a profile. Undefined where that is not known. */
export function firstLibseccomp(name: string): FirstRelease | undefined {
  for (const line of [OLDEST, ...RELEASES.trim().split('\n')]) {
    const [first, notIn, ...calls] = line.split(' ');
    if (calls.includes(name)) return { first, notIn: notIn === '-' ? null : notIn };
  }
  return undefined;
}
