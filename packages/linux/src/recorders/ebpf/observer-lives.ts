import { X32_BIT } from '@callgate/engine/internal/syscalls/arch';
import { type BpfObjects, MAP_TYPE, update } from '../../ebpf/bpf-syscall.ts';
import { EbpfAssembler, HELPER } from '../../ebpf/ebpf-assembler.ts';
import { AGE, createTurns, loadAge, turnAge, whenToldToEnd } from './life.ts';
import type { ObserverMember } from './observer-layout.ts';
import { PHASE, TABLE } from './observer-results.ts';
import { hasBeginning, type Scope } from './scope.ts';
import type { TaskView } from './task-view.ts';

const LIFE = { size: 16, register: 0, age: 0, root: 8 } as const;
/** On the programs' stack, below what observer-programs.ts keeps there: a life, and the namespace that it began in. */
const AT = { life: -192, namespace: -200 };

/** How far each recorded workload is in its life, by the namespace that it began in; by 0 where only one is recorded. */
export class Lives {
  private readonly task: TaskView<ObserverMember>;
  private readonly scope: Scope;
  private readonly map: number;
  private readonly turns: number;

  constructor(objects: BpfObjects, task: TaskView<ObserverMember>, scope: Scope) {
    this.task = task;
    this.scope = scope;
    this.map = objects.createMap(MAP_TYPE.hash, 8, LIFE.size, 4096, 'callgate_lives');
    this.turns = createTurns(objects);
  }

  /** Where one workload is recorded: how far it is, and its main process, if it has one. */
  begin(age: keyof typeof AGE, root = 0): void {
    const life = Buffer.alloc(LIFE.size);
    life.writeUInt32LE(AGE[age], LIFE.age);
    life.writeUInt32LE(root, LIFE.root);
    update(this.map, Buffer.alloc(8), life);
  }

  /** A workload begins with the task r7 as its main process; uses r0 to r5. */
  beginHere(a: EbpfAssembler): void {
    this.task.load64(a, 2, 'mountsId');
    a.store64(10, AT.namespace, 2).storeConstant64(10, AT.life + LIFE.age, AGE.startup);
    this.task
      .load32(a, 1, 'tgid')
      .store64(10, AT.life + LIFE.root, 1)
      .map(1, this.map);
    a.move(2, 10).add(2, AT.namespace).move(3, 10).add(3, AT.life).set(4, 0).call(HELPER.mapUpdate);
  }

  /** Makes of the phase `run` in the group r8 of the call r6 how far the workload of the task r7 is; uses r0 to r5. */
  addAge(a: EbpfAssembler): void {
    a.move(1, 8)
      .and(1, 0xff00)
      .ifNotEqual(1, PHASE.run << 8, 'no age');
    this.find(a, 'no age');
    a.move(1, 6)
      .and(1, X32_BIT - 1)
      .ifBelow(1, TABLE, 'known')
      .set(1, 0)
      .label('known');
    a.move(2, 8).and(2, 3).shiftLeft(2, Math.log2(TABLE)).addRegister(2, 1);
    loadAge(a, LIFE, this.turns);
    a.add(3, PHASE.startup - PHASE.run)
      .shiftLeft(3, 8)
      .addRegister(8, 3)
      .jump('no age');
    turnAge(a, LIFE, this.task);
    a.label('no age');
  }

  /** tp_btf/signal_generate: a main process is told to end. */
  signal(): EbpfAssembler {
    const a = this.task.take(whenToldToEnd(new EbpfAssembler()), 7);
    this.find(a, 'out');
    this.task.load32(a, 1, 'tgid').load64(2, 0, LIFE.root).ifNotSame(1, 2, 'out');
    return a.storeConstant64(0, LIFE.age, AGE.shutdown).label('out').exit();
  }

  /** r0 = the life of r7's workload. */
  private find(a: EbpfAssembler, otherwise: string): void {
    if (hasBeginning(this.scope)) this.task.load64(a, 2, 'mountsId');
    else a.set(2, 0);
    a.store64(10, AT.namespace, 2).map(1, this.map).move(2, 10).add(2, AT.namespace);
    a.call(HELPER.mapLookup).ifEqual(0, 0, otherwise);
  }
}
