import { type EbpfAssembler, HELPER } from '../../ebpf/ebpf-assembler.ts';
import type { PhaseCount } from '../recorder.ts';

/** Nanoseconds since boot, and the comm of who it was: how eBPF programs keep when a call was first made, and by whom. */
export const KERNEL_FIRST = { size: 24, comm: 8 };
const COMM_LENGTH = 16;

/** Writes now and the current task to that place on the stack; uses r0 to r5. */
export function storeFirst(a: EbpfAssembler, at: number): void {
  a.call(HELPER.time).store64(10, at, 0).move(1, 10);
  a.add(1, at + KERNEL_FIRST.comm)
    .set(2, COMM_LENGTH)
    .call(HELPER.currentComm);
}

/** Reads it, with what bootTime() says. */
export function firstIn(value: Buffer, at: number, bootedAt: number): Pick<PhaseCount, 'process' | 'time'> {
  return {
    process: commIn(value, at + KERNEL_FIRST.comm),
    time: bootedAt + Number(value.readBigUInt64LE(at) / 1_000_000n),
  };
}

/** A name of up to 16 bytes that a program has written down. */
export function commIn(value: Buffer, at: number): string {
  return value.toString('latin1', at, at + COMM_LENGTH).replace(/\0[\s\S]*$/, '');
}

/** When the kernel's clock began, in milliseconds since 1970. */
export function bootTime(): number {
  return Date.now() - Number(process.hrtime.bigint() / 1_000_000n);
}
