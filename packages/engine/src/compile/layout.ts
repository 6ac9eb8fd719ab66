import { type Instruction, instruction } from '../bpf/instruction.ts';
import * as op from '../bpf/opcodes.ts';

/** How far a conditional jump reaches. */
const REACH = 255;

/** A place in the program, counted from its end, so that it holds while the program grows towards its start. */
export type Label = number;

/** Writes a program from its end to its start: what an instruction jumps to is always there already. */
export class Assembler {
  private readonly reversed: Instruction[] = [];
  private readonly returns = new Map<number, Label>();

  /** The program so far, in the kernel's order. */
  program(): Instruction[] {
    return this.reversed.toReversed();
  }

  get length(): number {
    return this.reversed.length;
  }

  /** A return of the word; the one that is there already, where there is one. */
  ret(word: number): Label {
    let label = this.returns.get(word);
    if (label === undefined) {
      label = this.emit(instruction(op.RET_K, word));
      this.returns.set(word, label);
    }
    return label;
  }

  load(offset: number, next: Label): Label {
    this.fallTo(next);
    return this.emit(instruction(op.LD_ABS, offset));
  }

  and(mask: number, next: Label): Label {
    this.fallTo(next);
    return this.emit(instruction(op.AND_K, mask));
  }

  /** A conditional jump; targets that are out of its reach get a stepping stone right behind it. */
  jump(code: number, k: number, yes: Label, no: Label): Label {
    // A stone for one branch pushes the other one further away by one.
    const farNo = this.distance(no) + 1 > REACH;
    const near = farNo ? this.stone(no) : no;
    const farYes = this.distance(yes) > REACH;
    const nearYes = farYes ? this.stone(yes) : yes;
    return this.emit(instruction(code, k, this.distance(nearYes), this.distance(near)));
  }

  /** Instructions between here and the label. */
  private distance(label: Label): number {
    return this.reversed.length - label - 1;
  }

  private fallTo(next: Label): void {
    if (this.distance(next) !== 0) this.stone(next);
  }

  /** An instruction that leads to the label: a copy of a return, or a long jump. */
  private stone(label: Label): Label {
    const target = this.reversed[label];
    if (target.code === op.RET_K) {
      const copy = this.emit(target);
      this.returns.set(target.k, copy);
      return copy;
    }
    return this.emit(instruction(op.JA, this.distance(label)));
  }

  private emit(next: Instruction): Label {
    return this.reversed.push(next) - 1;
  }
}
