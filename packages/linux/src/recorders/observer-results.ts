import type { AbiName } from '@callgate/engine/syscalls/arch';
import type { PhaseCount } from './recorder.ts';
import type { SeenContainer } from './scope.ts';

/** The ABIs of an x86_64 kernel, as the programs number them. */
export const ABIS: readonly AbiName[] = ['x86_64', 'x86', 'x32'];
/** By the workload's age. */
export const LIFE_PHASES = ['startup', 'steady', 'shutdown'] as const;
/**
 * What a recorded task does: not yet executed, the workload, a process that joined it. In a group also the workload's age, in
 * place of `run`.
 */
export const PHASE = { runtime: 1, run: 2, exec: 3, startup: 4 } as const;
/** By the number of the phase. */
const PHASE_NAMES = ['runtime', 'runtime', 'run', 'exec', ...LIFE_PHASES] as const;
/** In a group: a filter turned the call away. */
export const DENIED = 0x10000;
/** calls: number, group (ABI, phase, denied), namespace, six arguments -> count, time of the first, its comm. */
export const KEY = { size: 64, namespace: 8, args: 16 };
export const VALUE = { size: 32, time: 8, comm: 16 };
/** inits: pid, number of the namespace, host name, the container that it came out of. */
export const INIT = { size: 32, namespace: 4, hostname: 8, parent: 24 };

/** One entry of the map `calls`. */
export function countOf(key: Buffer, value: Buffer, keepsArguments: boolean, bootedAt: number): PhaseCount {
  const group = key.readUInt32LE(4);
  const count = Number(value.readBigUInt64LE());
  const denied = (group & DENIED) !== 0;
  return {
    arch: ABIS[group & 0xff],
    nr: key.readUInt32LE(),
    phase: PHASE_NAMES[(group >> 8) & 7],
    count: denied ? 0 : count,
    denied: denied ? count : 0,
    process: commOf(value, VALUE.comm),
    time: timeOf(value, VALUE.time, bootedAt),
    args:
      keepsArguments && !denied
        ? Array.from({ length: 6 }, (_, i) => key.readBigUInt64LE(KEY.args + i * 8))
        : undefined,
  };
}

/** One entry of the map `inits`. */
export function containerOf(key: Buffer, value: Buffer): SeenContainer {
  return {
    id: key.readBigUInt64LE(),
    pid: value.readUInt32LE(),
    namespace: value.readUInt32LE(INIT.namespace),
    parent: value.readBigUInt64LE(INIT.parent),
    hostname: commOf(value, INIT.hostname),
  };
}

/** A name of up to 16 bytes that a program has written down. */
export function commOf(value: Buffer, at: number): string {
  return value.toString('latin1', at, at + 16).replace(/\0[\s\S]*$/, '');
}

/** In milliseconds since 1970, from nanoseconds since boot. */
export function timeOf(value: Buffer, at: number, bootedAt: number): number {
  return bootedAt + Number(value.readBigUInt64LE(at) / 1_000_000n);
}
