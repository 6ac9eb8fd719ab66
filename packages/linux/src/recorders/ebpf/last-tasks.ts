import { type BpfObjects, MAP_TYPE } from '../../ebpf/bpf-syscall.ts';
import { type EbpfAssembler, HELPER } from '../../ebpf/ebpf-assembler.ts';

/** Of a CPU: where the registers of its last recorded call lay, the task that made it, and how many changes there were then. */
const LAST = { registers: 0, task: 8, changes: 16 };
/** A cache line. */
const LAST_SIZE = 64;

/**
 * Who made each CPU's last recorded call. To ask the kernel for the current task costs more than all else that counting does,
 * where returns are slow to be safe. A call's registers lie on its task's own stack, at its end: so as long as no task
 * anywhere has ended, which would give its stack to another, or was moved, they tell the task.
 */
export class LastTasks {
  private readonly last: number;
  private readonly cpus: number;
  private readonly changes: { readonly map: number; readonly at: number };

  /** `cpus` is a power of two; `changes` the place of a counter, 64 bits in an array's only element. */
  constructor(objects: BpfObjects, cpus: number, changes: LastTasks['changes']) {
    this.last = objects.createMap(MAP_TYPE.array, 4, LAST_SIZE * cpus, 1, 'callgate_last');
    this.cpus = cpus;
    this.changes = changes;
  }

  /**
   * r7 = the current task, whose registers lie at r9, when it is recorded; `task` is the type of tasks, `cast` the function
   * that takes a number for an address of one. Uses r0 to r5. Its second half, lookAnew, belongs out of the way.
   */
  knowAgain(a: EbpfAssembler, task: number, cast: number): void {
    this.ofThisCpu(a);
    a.load64(1, 4, LAST.registers).ifNotSame(1, 9, 'another').mapValue(2, this.changes.map);
    a.load64(1, 4, LAST.changes).load64(2, 2, this.changes.at).ifNotSame(1, 2, 'another');
    a.load64(1, 4, LAST.task).label('known again').set(2, task).callKernel(cast).move(7, 0);
  }

  /** Another task than the CPU's last one, which becomes that unless `skip` goes elsewhere. */
  lookAnew(a: EbpfAssembler, skip: () => void): void {
    a.label('another').call(HELPER.currentTask).move(7, 0);
    skip();
    this.ofThisCpu(a);
    a.mapValue(2, this.changes.map).load64(2, 2, this.changes.at).store64(4, LAST.changes, 2);
    a.store64(4, LAST.registers, 9).store64(4, LAST.task, 7).move(1, 7).jump('known again');
  }

  /** A task has ended or was moved: nobody is known again. Uses r1, r2. */
  forget(a: EbpfAssembler): EbpfAssembler {
    return a.mapValue(2, this.changes.map).increment(2, this.changes.at);
  }

  /** r4 = the address of LAST of this CPU. */
  private ofThisCpu(a: EbpfAssembler): void {
    a.call(HELPER.processorId)
      .and(0, this.cpus - 1)
      .shiftLeft(0, Math.log2(LAST_SIZE));
    a.mapValue(4, this.last).addRegister(4, 0);
  }
}
