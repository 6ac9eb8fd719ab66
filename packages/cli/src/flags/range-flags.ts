import {
  compareReleases,
  type KernelRange,
  type LibcRange,
} from '@callgate/engine/internal/build/portability';
import { compareKernels, parseKernel } from '@callgate/engine/internal/profile/profile';
import { printable } from '@callgate/engine/internal/report/words';
import { CliFailure } from '../context.ts';

/** Releases of a libc such as glibc:2.31-2.43, or a failure that says how to write them. */
export function libcRange(text: string): LibcRange {
  const found = /^(glibc|musl):(\d+\.\d+(?:\.\d+)?)-(\d+\.\d+(?:\.\d+)?)$/.exec(text);
  if (!found || compareReleases(found[2], found[3]) > 0)
    throw new CliFailure(`"${printable(text)}" is no range of a libc; write it as glibc:2.31-2.43`);
  return { libc: found[1] as LibcRange['libc'], from: found[2], to: found[3] };
}

/** Kernel releases such as 5.10-6.18, or a failure that says how to write them. */
export function kernelRange(text: string): KernelRange {
  const [from, to, ...rest] = text.split('-').map(parseKernel);
  if (!from || !to || rest.length > 0 || compareKernels(from, to) > 0)
    throw new CliFailure(`"${printable(text)}" is no range of kernels; write it as 5.10-6.18`);
  return { from, to };
}
