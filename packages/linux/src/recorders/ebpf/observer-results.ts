import { type AbiName, X32_BIT } from '@callgate/engine/internal/syscalls/arch';
import { numberOf } from '@callgate/engine/internal/syscalls/lookup';
import { MOST_TUPLES, type PhaseCount } from '../recorder.ts';
import { CALL_MACHINE } from './call-machine.ts';
import { commIn, firstIn, KERNEL_FIRST } from './kernel-firsts.ts';
import type { SeenContainer } from './scope.ts';

/** The ABIs of this machine's kernel, as the programs number them. */
export const ABIS: readonly AbiName[] = CALL_MACHINE?.abis ?? [];
/** The number of the ABI of 32 bits, and of x32, which x86_64 alone has. */
export const NARROW = 1;
export const X32 = ABIS.indexOf('x32');
/** Numbers of an ABI that tables have a place for. */
export const TABLE = 512;

/** The place of a call in the tables of all ABIs, one behind the other; undefined where it has none. */
export function placeOf(abi: AbiName, name: string): number | undefined {
  const nr = numberOf(abi, name);
  const index = nr === undefined ? TABLE : nr % X32_BIT;
  return index < TABLE ? ABIS.indexOf(abi) * TABLE + index : undefined;
}

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
/** calls: number, group (ABI, phase, denied), namespace, six arguments -> count, when and by whom first. */
export const KEY = { size: 64, namespace: 8, args: 16 };
export const VALUE = { size: 8 + KERNEL_FIRST.size, first: 8 };
/** inits: pid, number of the namespace, host name, the container that it came out of. */
export const INIT = { size: 32, namespace: 4, hostname: 8, parent: 24 };

/** The entries of the map `tuples`, by the call that they are about. */
export type Tuples = ReadonlyMap<string, readonly (readonly [key: Buffer, value: Buffer])[]>;

export function tuplesByCall(entries: Iterable<[Buffer, Buffer]>): Tuples {
  const tuples = new Map<string, [Buffer, Buffer][]>();
  for (const [key, value] of entries) {
    const call = callIn(key);
    tuples.set(call, [...(tuples.get(call) ?? []), [key, value]]);
  }
  return tuples;
}

function callIn(key: Buffer): string {
  return key.toString('latin1', 0, KEY.args);
}

/** One entry of the map `calls`: by its arguments, as far as they found room, and the rest. */
export function countsOf(key: Buffer, value: Buffer, tuples: Tuples, bootedAt: number): PhaseCount[] {
  const group = key.readUInt32LE(4);
  const count = Number(value.readBigUInt64LE());
  const denied = (group & DENIED) !== 0;
  const about = {
    arch: ABIS[group & 0xff],
    nr: key.readUInt32LE(),
    phase: PHASE_NAMES[(group >> 8) & 7],
    ...firstIn(value, VALUE.first, bootedAt),
  };
  if (denied) return [{ ...about, count: 0, denied: count }];
  const known = (tuples.get(callIn(key)) ?? []).slice(0, MOST_TUPLES).map(([tuple, times]): PhaseCount => {
    const args = Array.from({ length: 6 }, (_, i) => tuple.readBigUInt64LE(KEY.args + i * 8));
    return { ...about, count: Number(times.readBigUInt64LE()), denied: 0, args };
  });
  const rest = count - known.reduce((sum, tuple) => sum + tuple.count, 0);
  return rest > 0 || known.length === 0
    ? [...known, { ...about, count: Math.max(0, rest), denied: 0 }]
    : known;
}

/** One entry of the map `inits`. */
export function containerOf(key: Buffer, value: Buffer): SeenContainer {
  return {
    id: key.readBigUInt64LE(),
    pid: value.readUInt32LE(),
    namespace: value.readUInt32LE(INIT.namespace),
    parent: value.readBigUInt64LE(INIT.parent),
    hostname: commIn(value, INIT.hostname),
  };
}
