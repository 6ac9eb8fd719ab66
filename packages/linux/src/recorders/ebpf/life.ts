import { type BpfObjects, MAP_TYPE, u32, update } from '../../ebpf/bpf-syscall.ts';
import type { EbpfAssembler } from '../../ebpf/ebpf-assembler.ts';
import type { PhaseCount } from '../recorder.ts';
import { ABIS, placeOf, TABLE } from './observer-results.ts';
import type { TaskView } from './task-view.ts';

/**
 * How far a workload is in its life. It is steady from the first call on that waits for descriptors, and shuts down from a
 * signal that tells its main process to end, or from that process's own exit_group. Who waits for signals only may be a shell
 * or an init that starts the real one.
 */
export const AGE = { startup: 0, steady: 1, shutdown: 2 } as const;
/** What a call says of its workload's age. */
const TURN = { waits: 1, exits: 2 } as const;
const WAITING = [
  'accept',
  'accept4',
  'poll',
  'ppoll',
  'ppoll_time64',
  'select',
  '_newselect',
  'pselect6',
  'pselect6_time64',
  'epoll_wait',
  'epoll_pwait',
  'epoll_pwait2',
  'io_uring_enter',
];
/** Padded, so that a masked number of an ABI cannot lead out of it. */
const TURNS_SIZE = 4 * TABLE;
/** SIGINT, SIGQUIT, SIGTERM. */
const ENDING_SIGNALS = [2, 3, 15];

/** For each number of each ABI what it says of its workload's age; a byte each. */
export function createTurns(objects: BpfObjects): number {
  const turns = Buffer.alloc(TURNS_SIZE);
  const put = (name: string, turn: number) => {
    for (const abi of ABIS) {
      const place = placeOf(abi, name);
      if (place !== undefined) turns[place] = turn;
    }
  };
  for (const name of WAITING) put(name, TURN.waits);
  put('exit_group', TURN.exits);
  const map = objects.createMap(MAP_TYPE.array, 4, TURNS_SIZE, 1, 'callgate_turns');
  update(map, u32(0), turns);
  return map;
}

/** A life in a map's value, the address of which is in a register: its age, and its main process. */
export interface LifeAt {
  readonly register: 0 | 1;
  readonly age: number;
  readonly root: number;
}

/**
 * r3 = the age of the life, after what the call says of it whose place in the table of turns is in r2; r7 is the task. Uses r1 (or r0), r2, r3, r4. Its second half belongs out of the way, behind `label('turn')`.
 */
export function loadAge(a: EbpfAssembler, at: LifeAt, turns: number): void {
  a.load64(3, at.register, at.age).and(3, 3).mapValue(4, turns).addRegister(4, 2).load8(2, 4, 0);
  a.ifNotEqual(2, 0, 'turn').label('aged');
}

/** The calls that change the age; goes on at `aged`. */
export function turnAge(a: EbpfAssembler, { register, age, root }: LifeAt, task: TaskView<'tgid'>): void {
  a.label('turn').ifEqual(2, TURN.exits, 'exits').ifNotEqual(3, AGE.startup, 'aged');
  a.storeConstant64(register, age, AGE.steady).set(3, AGE.steady).jump('aged');
  task.load32(a.label('exits'), 2, 'tgid').load64(4, register, root).ifNotSame(2, 4, 'aged');
  a.storeConstant64(register, age, AGE.shutdown).set(3, AGE.shutdown).jump('aged');
}

/** tp_btf/signal_generate(int, info, task, group, result): goes on with r7 = the task when it will be told to end. */
export function whenToldToEnd(a: EbpfAssembler): EbpfAssembler {
  a.load64(2, 1, 0).load64(3, 1, 32).load64(7, 1, 16);
  for (const signal of ENDING_SIGNALS) a.if32(2, signal, 'told');
  // TRACE_SIGNAL_DELIVERED; other results: it is ignored, or pending already.
  return a.jump('out').label('told').if32(3, 0, 'ends').jump('out').label('ends');
}

/** What never waited for anything has no start-up and no shutdown: it ran. */
export function withLives(counts: readonly PhaseCount[]): readonly PhaseCount[] {
  if (counts.some((count) => count.phase === 'steady')) return counts;
  return counts.map((count) =>
    count.phase === 'startup' || count.phase === 'shutdown' ? { ...count, phase: 'run' } : count,
  );
}
