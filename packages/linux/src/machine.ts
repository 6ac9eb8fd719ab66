import { readFileSync } from 'node:fs';
import { endianness, release } from 'node:os';
import { type KernelVersion, parseKernel } from '@callgate/engine/profile/profile';
import { type Abi, abiOf, abiOfNodeArch } from '@callgate/engine/syscalls/arch';
import { numberOf } from '@callgate/engine/syscalls/lookup';

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

/** Fields of /proc/PID/status that say how a process is confined. */
export interface ProcessStatus {
  /** 0 none, 1 strict, 2 filter. */
  readonly seccomp: number;
  readonly filters: number;
  readonly noNewPrivs: boolean;
  readonly effectiveCapabilities: bigint;
  /** What the process and its children can have at most. */
  readonly boundingCapabilities: bigint;
}

/** How a process is confined, by its pid or "self"; throws when there is no such process. */
export function processStatus(pid: number | 'self'): ProcessStatus {
  const text = readFileSync(`/proc/${pid}/status`, 'latin1');
  const field = (name: string) => new RegExp(`^${name}:\\s*(\\w+)`, 'm').exec(text)?.[1] ?? '0';
  return {
    seccomp: Number(field('Seccomp')),
    filters: Number(field('Seccomp_filters')),
    noNewPrivs: field('NoNewPrivs') === '1',
    effectiveCapabilities: BigInt(`0x${field('CapEff')}`),
    boundingCapabilities: BigInt(`0x${field('CapBnd')}`),
  };
}

/** Whether a terminal sends its Ctrl-C to this process and its children: they are the terminal's foreground group. */
export function isForeground(): boolean {
  const stat = readFileSync('/proc/self/stat', 'latin1');
  const [, , group, , , terminalGroup] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return group === terminalGroup;
}
