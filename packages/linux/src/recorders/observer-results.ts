import type { AbiName } from '@callgate/engine/syscalls/arch';
import type { PhaseCount } from './recorder.ts';

/** The ABIs of an x86_64 kernel, as the programs number them. */
export const ABIS: readonly AbiName[] = ['x86_64', 'x86', 'x32'];
/** By the number of the phase. */
const PHASE_NAMES = ['runtime', 'runtime', 'run', 'exec'] as const;
/** In a group: a filter turned the call away. */
export const DENIED = 0x10000;
/** calls: number, group (ABI, phase, denied), namespace, six arguments -> count, time of the first, its comm. */
export const KEY = { size: 64, namespace: 8, args: 16 };
export const VALUE = { size: 32, time: 8, comm: 16 };

/** One entry of the map `calls`. */
export function countOf(key: Buffer, value: Buffer, keepsArguments: boolean, bootedAt: number): PhaseCount {
  const group = key.readUInt32LE(4);
  const count = Number(value.readBigUInt64LE());
  const denied = (group & DENIED) !== 0;
  return {
    arch: ABIS[group & 0xff],
    nr: key.readUInt32LE(),
    phase: PHASE_NAMES[(group >> 8) & 3],
    count: denied ? 0 : count,
    denied: denied ? count : 0,
    process: value.toString('latin1', VALUE.comm).replace(/\0[\s\S]*$/, ''),
    time: bootedAt + Number(value.readBigUInt64LE(VALUE.time) / 1_000_000n),
    args:
      keepsArguments && !denied
        ? Array.from({ length: 6 }, (_, i) => key.readBigUInt64LE(KEY.args + i * 8))
        : undefined,
  };
}
