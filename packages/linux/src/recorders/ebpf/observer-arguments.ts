import { WORTHWHILE } from '@callgate/engine/internal/recording/worthwhile-arguments';
import { X32_BIT } from '@callgate/engine/internal/syscalls/arch';
import { type BpfObjects, MAP_TYPE, u32, update } from '../../ebpf/bpf-syscall.ts';
import { type EbpfAssembler, HELPER } from '../../ebpf/ebpf-assembler.ts';
import { argumentMasks } from '../argument-masks.ts';
import type { ObserverLayout } from './observer-layout.ts';
import { ABIS, NARROW, placeOf, TABLE } from './observer-results.ts';

/** For each call of each ABI six masks: what of its arguments is worth keeping. */
export function createWanted(objects: BpfObjects): number {
  const map = objects.createMap(MAP_TYPE.array, 4, 48, TABLE * ABIS.length, 'callgate_wanted');
  for (const abi of ABIS)
    for (const name of WORTHWHILE) {
      const place = placeOf(abi, name);
      if (place === undefined) continue;
      const masks = Buffer.alloc(48);
      argumentMasks(abi, name)!.forEach((mask, i) => {
        masks.writeBigUInt64LE(mask, i * 8);
      });
      update(map, u32(place), masks);
    }
  return map;
}

/** Where the programs keep things on their stack. */
interface Places {
  /** Six arguments, in the key. */
  readonly args: number;
  /** Scratch. */
  readonly number: number;
}

/** Adds to the key of the call r6 of the group r8 what of the registers r9 is worth keeping. */
export function addArguments(a: EbpfAssembler, layout: ObserverLayout, wanted: number, at: Places): void {
  const { wideArguments, narrowArguments } = layout.calls;
  const load = (registers: readonly number[]) =>
    registers.forEach((register, i) => {
      a.load64(2, 0, i * 8)
        .load64(1, 9, register)
        .andRegister(1, 2)
        .store64(10, at.args + i * 8, 1);
    });
  a.move(1, 6)
    .and(1, X32_BIT - 1)
    .ifAtLeast(1, TABLE, 'keyed')
    .move(2, 8)
    .and(2, 0xff)
    .shiftLeft(2, Math.log2(TABLE))
    .addRegister(1, 2);
  a.store64(10, at.number, 1).map(1, wanted).move(2, 10).add(2, at.number).call(HELPER.mapLookup);
  a.ifEqual(0, 0, 'keyed').move(2, 8).and(2, 0xff).ifEqual(2, NARROW, 'narrow registers');
  load(wideArguments);
  a.jump('keyed').label('narrow registers');
  load(narrowArguments);
  a.label('keyed');
}
