import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rawTracepoint, type Tracepoint } from '../../ebpf/bpf-syscall.ts';
import type { KernelTypes } from '../../ebpf/btf.ts';
import type { EbpfAssembler } from '../../ebpf/ebpf-assembler.ts';
import { thisMachine } from '../../machine.ts';
import { traceFolder } from '../trace-folder.ts';
import { CALL_MACHINE, type CallMachine } from './call-machine.ts';

/** Where programs see calls begin and end, and where they find a call's number and arguments there. */
export interface CallLayout {
  readonly enter: Tracepoint;
  readonly exit: Tracepoint;
  /** r9 = what the offsets below count from; r1 is what the program was started with. */
  take(a: EbpfAssembler): EbpfAssembler;
  readonly number: number;
  readonly wideArguments: readonly number[];
  readonly narrowArguments: readonly number[];
}

const WORD = 8;
/** From here on a task may be preempted inside a program at a raw tracepoint, which then misses what others on its CPU call. */
const PREEMPTED_SINCE = 7;

/** Raw tracepoints, the cheapest, where they see every call; undefined when the kernel does not name what is needed. */
export function callLayoutOf(types: KernelTypes): CallLayout | undefined {
  const missesCalls = thisMachine().kernel.major >= PREEMPTED_SINCE;
  return (missesCalls ? eventCalls() : undefined) ?? rawCalls(types);
}

/** Raw tracepoints, whose programs get the address of a call's registers. */
function rawCalls(types: KernelTypes): CallLayout | undefined {
  const enter = rawTracepoint(types, 'sys_enter');
  const exit = rawTracepoint(types, 'sys_exit');
  if (!CALL_MACHINE || enter === undefined || exit === undefined) return undefined;
  const { number, wideArguments, narrowArguments } = CALL_MACHINE;
  const register = (member: string, index = 0) =>
    (types.memberOffset('pt_regs', member) ?? Number.NaN) + index * WORD;
  const registers = (members: CallMachine['wideArguments']) =>
    members.map(([member, index]) => register(member, index));
  const layout = {
    enter,
    exit,
    take: (a: EbpfAssembler) => a.load64(9, 1, 0),
    number: register(number),
    wideArguments: registers(wideArguments),
    narrowArguments: registers(narrowArguments),
  };
  const offsets = [layout.number, ...layout.wideArguments, ...layout.narrowArguments];
  return offsets.some(Number.isNaN) ? undefined : layout;
}

/** The same seen as events, with preemption off: the record of each has the number and what matters of the registers. */
export function eventCalls(): CallLayout | undefined {
  const [enter, exit] = ['sys_enter', 'sys_exit'].map(eventId);
  if (enter === undefined || exit === undefined) return undefined;
  const NUMBER = 8;
  const args = [0, 1, 2, 3, 4, 5].map((i) => NUMBER + (1 + i) * WORD);
  return {
    enter: { eventId: enter },
    exit: { eventId: exit },
    take: (a) => a.move(9, 1),
    number: NUMBER,
    wideArguments: args,
    narrowArguments: args,
  };
}

/** The number of an event of raw_syscalls; undefined where tracefs is not mounted, or the kernel has no such events. */
function eventId(name: string): number | undefined {
  const file = join(traceFolder() ?? '', 'events/raw_syscalls', name, 'id');
  return existsSync(file) ? Number(readFileSync(file, 'latin1')) : undefined;
}
