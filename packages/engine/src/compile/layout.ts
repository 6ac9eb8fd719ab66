import { type Instruction, instruction } from '../bpf/instruction.ts';
import * as op from '../bpf/opcodes.ts';

/** How far a conditional jump reaches. */
const REACH = 255;

/** A place in the program, counted from its end, so that it holds while the program grows towards its start. */
export type Label = number;

/** The program would be longer than it may be. */
export class TooLong extends Error {}

/** Writes a program from its end to its start: what an instruction jumps to is always there already. */
export class Assembler {
  private readonly reversed: Instruction[] = [];
  private returns = new Map<number, Label>();
  /** By what they lead to: the last long jump there. */
  private stones = new Map<Label, Label>();
  /** TooLong is thrown beyond it. */
  most = Infinity;

  /** The program so far, in the kernel's order, without returns of which copies alone are used. */
  program(): Instruction[] {
    return withoutUnused(this.reversed.toReversed());
  }

  get length(): number {
    return this.reversed.length;
  }

  /** What takes back, once, all that is written from now on. */
  undo(): () => void {
    const { length } = this;
    const returns = new Map(this.returns);
    const stones = new Map(this.stones);
    return () => {
      this.reversed.length = length;
      this.returns = returns;
      this.stones = stones;
    };
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
  jump(code: number, k: number, yesLabel: Label, noLabel: Label): Label {
    const [yes, no] = [this.nearest(yesLabel), this.nearest(noLabel)];
    // A stone for one branch pushes the other one further away by one.
    const farNo = this.distance(no) + 1 > REACH;
    const near = farNo ? this.stone(no) : no;
    const farYes = this.distance(yes) > REACH;
    const nearYes = farYes ? this.stone(yes) : yes;
    return this.emit(instruction(code, k, this.distance(nearYes), this.distance(near)));
  }

  /** The label, or where it is out of reach a stone within reach that leads there. */
  private nearest(label: Label): Label {
    const target = this.reversed[label];
    const stone = target.code === op.RET_K ? this.returns.get(target.k) : this.stones.get(label);
    const isFar = (l: Label) => this.distance(l) + 1 > REACH;
    return stone !== undefined && isFar(label) && !isFar(stone) ? stone : label;
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
    const stone = this.emit(instruction(op.JA, this.distance(label)));
    this.stones.set(label, stone);
    return stone;
  }

  private emit(next: Instruction): Label {
    if (this.reversed.length >= this.most) throw new TooLong();
    return this.reversed.push(next) - 1;
  }
}

/** Without instructions that nothing leads to. */
function withoutUnused(program: readonly Instruction[]): Instruction[] {
  const used = usedIn(program);
  if (used.every((u) => u)) return [...program];
  const before = [0];
  for (const u of used) before.push(before[before.length - 1] + (u ? 1 : 0));
  const kept = (from: number, count: number) => before[from + 1 + count] - before[from + 1];
  return program.flatMap((i, at) => {
    if (!used[at]) return [];
    if (i.code === op.JA) return [instruction(op.JA, kept(at, i.k))];
    return [instruction(i.code, i.k, kept(at, i.jt), kept(at, i.jf))];
  });
}

/** By instruction: whether anything leads to it. All jumps lead forward. */
function usedIn(program: readonly Instruction[]): boolean[] {
  const used = program.map((_, at) => at === 0);
  program.forEach(({ code, k, jt, jf }, at) => {
    if (!used[at] || code === op.RET_K) return;
    if (code === op.JA) used[at + 1 + k] = true;
    else used[at + 1 + jt] = used[at + 1 + jf] = true;
  });
  return used;
}
