import { advice } from '../../diagnostics/diagnostic.ts';
import { allowing } from '../mends.ts';
import type { PolicyRule } from '../policy-rule.ts';

/** What glibc's loader cannot do without, each of which may be any of several calls. Tried call by call with glibc 2.36. */
const LOADER: readonly (readonly string[])[] = [
  ['close'],
  ['mmap', 'mmap2'],
  ['mprotect'],
  ['openat'],
  ['read'],
  ['newfstatat', 'fstat', 'fstat64', 'fstatat64', 'statx'],
];

/** A program that is not static cannot get its libraries. */
export const cannotLoadLibraries: PolicyRule = {
  code: 'cannot-load-libraries',
  severity: 'medium',
  about:
    'Before a program begins, the loader of glibc opens, reads and maps its libraries. Without the calls for that only programs start that are linked statically, or to another C library.',
  *find(judged) {
    const { native } = judged;
    const lacking = LOADER.map((ways) =>
      ways.filter((name) => judged.decision(native, name) !== undefined),
    ).filter((ways) => ways.every((name) => judged.fails(native, name)));
    if (lacking.length === 0) return;
    const [name] = lacking[0];
    const witness = judged.witness(native, name);
    const list = lacking.map((ways) => ways.join(' or ')).join(', ');
    yield {
      message: `programs of glibc that are linked to libraries do not start: their loader needs ${list}`,
      place: judged.placeOf(judged.verdict(native, name, witness.args).origin),
      witness,
      fix: advice('record the program: callgate record, then callgate build'),
      ...allowing(
        judged,
        lacking.map((ways) => ways.at(-1)!),
      ),
    };
  },
};
