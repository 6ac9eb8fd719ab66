import type { KernelTypes } from '../../ebpf/btf.ts';
import { type EbpfAssembler, HELPER, type Register } from '../../ebpf/ebpf-assembler.ts';

/** Members that programs ask of a task, each as a way of offsets: from the task to a pointer, from there to the next. */
export type TaskPaths<Name extends string> = Readonly<Record<Name, readonly number[]>>;

/** A member in a type; of several, the first that this kernel has. */
export type Step = readonly [struct: string, ...members: string[]];

/** The ways to members in this kernel; undefined when it does not name one of them. */
export function taskPaths<Name extends string>(
  types: KernelTypes,
  ways: Readonly<Record<Name, readonly Step[]>>,
): TaskPaths<Name> | undefined {
  const offset = ([struct, ...members]: Step) =>
    members.map((member) => types.memberOffset(struct, member)).find((found) => found !== undefined);
  const names = Object.keys(ways) as Name[];
  const paths = names.map((name) => ways[name].map((step) => offset(step) ?? Number.NaN));
  if (paths.flat().some(Number.isNaN)) return undefined;
  return Object.fromEntries(names.map((name, i) => [name, paths[i]])) as Record<Name, number[]>;
}

/** Whether programs may follow the current task's pointers: since Linux 5.11. Before, what they ask is copied. */
export function followsCurrent(types: KernelTypes): boolean {
  return types.mentions('BPF_FUNC_get_current_task_btf');
}

const SLOT = 8;

/**
 * The task that r7 stands for in a program: its address, whose members the program follows by itself, or a copy of these on
 * the program's stack.
 */
export class TaskView<Name extends string> {
  private readonly paths: TaskPaths<string>;
  private readonly slots: readonly string[];
  private readonly copiesAt: number | undefined;

  /** @param copiesAt where on the stack copies lie, 8 bytes each and 8 more; undefined where none are needed. */
  constructor(paths: TaskPaths<Name>, copiesAt: number | undefined) {
    this.paths = paths;
    this.slots = Object.keys(paths);
    this.copiesAt = copiesAt;
  }

  /** r7 = the current task; r0 to r5 are lost. */
  takeCurrent(a: EbpfAssembler): EbpfAssembler {
    if (this.copiesAt === undefined) return a.call(HELPER.currentTask).move(7, 0);
    return this.take(a.call(HELPER.currentTaskAddress), 0);
  }

  /** r7 = the task whose address a register holds; r0 to r5 may be lost. */
  take(a: EbpfAssembler, address: Register): EbpfAssembler {
    const at = this.copiesAt;
    if (at === undefined) return address === 7 ? a : a.move(7, address);
    a.store64(10, at, address);
    this.slots.forEach((name, i) => {
      const slot = at + (i + 1) * SLOT;
      this.paths[name].forEach((offset, step) => {
        a.load64(3, 10, step === 0 ? at : slot).add(3, offset);
        a.move(1, 10).add(1, slot).set(2, SLOT).call(HELPER.readKernel);
      });
    });
    return a.move(7, 10).add(7, at);
  }

  /** A register = a member of r7, of 64 bits. */
  load64(a: EbpfAssembler, into: Register, name: Name): EbpfAssembler {
    return this.load(a, into, name, (from, offset) => a.load64(into, from, offset));
  }

  /** The same, of 32 bits. */
  load32(a: EbpfAssembler, into: Register, name: Name): EbpfAssembler {
    return this.load(a, into, name, (from, offset) => a.load32(into, from, offset));
  }

  /** Stores the address of r7 there on the stack; uses r1. */
  storeAddress(a: EbpfAssembler, to: number): EbpfAssembler {
    return this.copiesAt === undefined ? a.store64(10, to, 7) : a.load64(1, 7, 0).store64(10, to, 1);
  }

  private load(
    a: EbpfAssembler,
    into: Register,
    name: Name,
    last: (from: Register, offset: number) => EbpfAssembler,
  ): EbpfAssembler {
    if (this.copiesAt !== undefined) return last(7, (this.slots.indexOf(name) + 1) * SLOT);
    const path = this.paths[name];
    path.slice(0, -1).forEach((offset, step) => {
      a.load64(into, step === 0 ? 7 : into, offset);
    });
    return last(path.length === 1 ? 7 : into, path.at(-1)!);
  }
}
