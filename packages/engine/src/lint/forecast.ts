import {
  type Foreseen,
  foreseeKernels,
  foreseeLibc,
  type KernelRange,
  type LibcRange,
} from '../build/portability.ts';
import { advice } from '../diagnostics/diagnostic.ts';
import { ENOSYS } from '../runtime/enosys-stub.ts';
import { callsOf } from '../syscalls/lookup.ts';
import type { Finding } from './finding.ts';
import type { Judged } from './judged.ts';
import { cannotStart } from './rules/cannot-start.ts';

/** Where a profile is to hold, too. */
export interface Outlook {
  readonly libcs: readonly LibcRange[];
  readonly kernels?: KernelRange;
}

/** The codes of what forecast finds, beside those of rules. */
export const FORECAST_CODES = {
  'breaks-with-libc':
    'Another release of the C library makes this call on a path where the present one makes a call that passes. Programs that take that path fail in such a base image.',
  'breaks-with-kernel':
    'On another kernel programs, or their C library, make this call on a path where they make one here that passes.',
} as const;

/**
 * What may break when the base image or the kernel moves: calls that other releases of a libc, or programs on newer kernels, make
 * in the place of calls that the profile lets pass, and that it denies; and runtimes that start no container with it.
 */
export function forecast(judged: Judged, { libcs, kernels }: Outlook): Finding[] {
  const { native, target } = judged;
  const passing = new Set(
    callsOf(native.name).flatMap(([name]) => (judged.passes(native, name) === 'never' ? [] : [name])),
  );
  const abis = [native.name];
  const byLibc = libcs.flatMap((range) => foreseeLibc(passing, range, abis));
  const byKernel = kernels ? foreseeKernels(passing, kernels, abis, target.kernel) : [];
  return [
    ...broken(judged, 'breaks-with-libc', byLibc),
    ...broken(judged, 'breaks-with-kernel', byKernel),
    ...[...cannotStart.find(judged)].map((found) => ({
      code: cannotStart.code,
      severity: cannotStart.severity,
      ...found,
    })),
  ];
}

function broken(judged: Judged, code: keyof typeof FORECAST_CODES, foreseen: readonly Foreseen[]): Finding[] {
  const { native } = judged;
  const seen = new Set<string>();
  return foreseen.flatMap(({ name, from, why, fallback }): Finding[] => {
    if (judged.decision(native, name) === undefined || judged.passes(native, name) !== 'never') return [];
    const witness = judged.witness(native, name);
    const { action, data, origin } = judged.verdict(native, name, witness.args);
    const goesOn =
      action === 'ERRNO' && (fallback === 'EPERM-too' || (fallback === 'ENOSYS' && data === ENOSYS));
    if (goesOn || seen.has(`${name} ${why}`)) return [];
    seen.add(`${name} ${why}`);
    return [
      {
        code,
        severity: 'medium',
        message: `${why}; ${name}, called instead of ${from.join(', ')}, does not pass`,
        place: judged.placeOf(origin),
        witness,
        fix: advice(
          fallback === 'ENOSYS'
            ? `allow ${name}, or answer it with ERRNO and errnoRet 38 (ENOSYS)`
            : `allow ${name}`,
        ),
      },
    ];
  });
}
