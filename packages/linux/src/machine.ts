import { endianness, release } from 'node:os';
import { type KernelVersion, parseKernel } from '@callgate/engine/internal/profile/profile';
import { type Abi, abiOf, abiOfNodeArch } from '@callgate/engine/internal/syscalls/arch';
import { numberOf } from '@callgate/engine/internal/syscalls/lookup';

/** The machine that callgate runs on. */
export interface Machine {
  readonly abi: Abi;
  readonly kernel: KernelVersion;
  /** uname -r, whole. */
  readonly release: string;
}

/** This machine; an architecture that seccomp does not know counts as x86_64, so that profiles can still be read. */
export function thisMachine(): Machine {
  const abi = abiOfNodeArch(process.arch, endianness()) ?? abiOf('x86_64');
  return { abi, kernel: parseKernel(release()) ?? { major: 6, minor: 0 }, release: release() };
}

/** The number of a call on this machine; callers ask only for calls that every Linux has. */
export function nativeNumber(name: string): number {
  const nr = numberOf(thisMachine().abi.name, name);
  if (nr === undefined) throw new Error(`this machine has no ${name}`);
  return nr;
}
