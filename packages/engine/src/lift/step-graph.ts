import type { Program } from '../bpf/instruction.ts';
import * as op from '../bpf/opcodes.ts';
import { type Endian, type Word, wordAt } from '../bpf/seccomp-data.ts';
import { Diagram, DiagramTooLarge, type NodeId } from '../diagram/diagram.ts';
import { ARCH, argument, type Field, half, IP, NR } from '../diagram/fields.ts';
import type { BitVector } from './bit-vector.ts';
import * as bits from './bit-vector.ts';

/** A value of A, X or a scratch word, as a number that stands for its bit vector: equal values, equal ids. */
export type ValueId = number;

/** What A, X and the scratch memory hold when an instruction is reached. */
interface State {
  readonly id: number;
  readonly a: ValueId;
  readonly x: ValueId;
  readonly memory: Memory;
}

interface Memory {
  readonly id: number;
  readonly words: readonly ValueId[];
}

/** One instruction reached in one state, and where it goes from there. */
export interface Step {
  readonly at: number;
  readonly a: ValueId;
  /** Where it goes on: if `condition` holds, and if not. One alone is where it always goes. */
  readonly next: readonly Step[];
  /** When the first of two is next; for a division by X, when X is 0 and the program ends. */
  readonly condition: NodeId;
}

/** The program computes too much to be followed for every call at once. */
export interface TooComplex {
  /** The instruction at which the bound was met. */
  readonly at: number;
}

export class TooManySteps extends Error {}

const MAX_STEPS = 50_000;
/** Ids of values and memories stay below this, so that three of them make one exact number. */
const ID_BOUND = 2 ** 17;

/** The steps of a program that verifyProgram takes, by instruction: all paths at once. */
export class StepGraph {
  /** By instruction. Instruction 0 has one step. */
  readonly steps: readonly Step[][];
  private readonly program: Program;
  private readonly d: Diagram;
  private readonly endian: Endian;
  private readonly values: BitVector[] = [];
  private readonly idOfText = new Map<string, ValueId>();
  private readonly constants = new Map<number, ValueId>();
  private readonly loads = new Map<number, ValueId>();
  private readonly memories = new Map<string, Memory>();
  private readonly states = new Map<number, State>();
  private readonly stepOf: Map<number, MutableStep>[];
  private count = 0;

  constructor(program: Program, diagram: Diagram, endian: Endian) {
    this.program = program;
    this.d = diagram;
    this.endian = endian;
    this.stepOf = program.map(() => new Map());
    this.steps = program.map(() => []);
  }

  /** Follows every path; what it returns says where that became too much. */
  follow(): TooComplex | undefined {
    const zero = this.constant(0);
    const memory = this.memory(new Array<ValueId>(op.MEMORY_WORDS).fill(zero));
    this.reach(0, this.state(zero, zero, memory));
    // Jumps only go forward: every state of an instruction is known when its turn comes.
    let at = 0;
    const fault = bounded(this.d, () => {
      for (; at < this.program.length; at++)
        for (const step of this.steps[at]) this.followStep(step as MutableStep);
    });
    return fault ? { at } : undefined;
  }

  /** The bits of a value, the highest first. */
  bitsOf(value: ValueId): BitVector {
    return this.values[value];
  }

  private followStep(step: MutableStep): void {
    const { at, state } = step;
    const { code, jt, jf, k } = this.program[at];
    if (code === op.RET_K || code === op.RET_A) return;
    if (code === op.JA) {
      step.next = [this.reach(at + 1 + k, state)];
    } else if (op.isConditionalJump(code)) {
      const condition = this.condition(code, state, k);
      step.condition = condition;
      if (condition === Diagram.TRUE) step.next = [this.reach(at + 1 + jt, state)];
      else if (condition === Diagram.FALSE) step.next = [this.reach(at + 1 + jf, state)];
      else step.next = [this.reach(at + 1 + jt, state), this.reach(at + 1 + jf, state)];
    } else {
      if (code === (op.DIV_K | op.SOURCE_X))
        step.condition = bits.equal(this.d, this.bitsOf(state.x), bits.constant(0));
      step.next = [this.reach(at + 1, this.after(code, k, state))];
    }
  }

  private after(code: number, k: number, { a, x, memory }: State): State {
    switch (code) {
      case op.LD_ABS:
        return this.state(this.load(k), x, memory);
      case op.LD_LEN:
        return this.state(this.constant(op.DATA_SIZE), x, memory);
      case op.LDX_LEN:
        return this.state(a, this.constant(op.DATA_SIZE), memory);
      case op.LD_IMM:
        return this.state(this.constant(k), x, memory);
      case op.LDX_IMM:
        return this.state(a, this.constant(k), memory);
      case op.LD_MEM:
        return this.state(memory.words[k], x, memory);
      case op.LDX_MEM:
        return this.state(a, memory.words[k], memory);
      case op.ST:
        return this.state(a, x, this.memory(memory.words.with(k, a)));
      case op.STX:
        return this.state(a, x, this.memory(memory.words.with(k, x)));
      case op.TAX:
        return this.state(a, a, memory);
      case op.TXA:
        return this.state(x, x, memory);
      case op.NEG:
        return this.state(this.value(bits.negate(this.d, this.bitsOf(a))), x, memory);
      default:
        return this.state(this.value(this.compute(code, a, x, k)), x, memory);
    }
  }

  private compute(code: number, left: ValueId, x: ValueId, k: number): BitVector {
    const { d } = this;
    const a = this.bitsOf(left);
    const b = this.operand(code, x, k);
    switch (code & ~op.SOURCE_X) {
      case op.ADD_K:
        return bits.add(d, a, b);
      case op.SUB_K:
        return bits.subtract(d, a, b);
      case op.MUL_K:
        return bits.multiply(d, a, b);
      case op.DIV_K:
        return bits.divide(d, a, b);
      case op.OR_K:
        return bits.or(d, a, b);
      case op.AND_K:
        return bits.and(d, a, b);
      case op.XOR_K:
        return bits.xor(d, a, b);
      case op.LSH_K:
        return bits.shiftBy(d, a, b, bits.shiftLeft);
      case op.RSH_K:
        return bits.shiftBy(d, a, b, bits.shiftRight);
      default:
        throw new Error(`no ALU operation 0x${code.toString(16)}`);
    }
  }

  private condition(code: number, state: State, k: number): NodeId {
    const a = this.bitsOf(state.a);
    const operand = this.operand(code, state.x, k);
    switch (code & ~op.SOURCE_X) {
      case op.JEQ_K:
        return bits.equal(this.d, a, operand);
      case op.JGT_K:
        return bits.greater(this.d, a, operand);
      case op.JGE_K:
        return bits.atLeast(this.d, a, operand);
      default:
        return bits.intersects(this.d, a, operand);
    }
  }

  private operand(code: number, x: ValueId, k: number): BitVector {
    return (code & op.SOURCE_X) !== 0 ? this.bitsOf(x) : bits.constant(k);
  }

  private reach(at: number, state: State): Step {
    let step = this.stepOf[at].get(state.id);
    if (!step) {
      if (++this.count > MAX_STEPS) throw new TooManySteps();
      step = { at, state, a: state.a, next: [], condition: Diagram.FALSE };
      this.stepOf[at].set(state.id, step);
      this.steps[at].push(step);
    }
    return step;
  }

  private state(a: ValueId, x: ValueId, memory: Memory): State {
    const key = (a * ID_BOUND + x) * ID_BOUND + memory.id;
    let state = this.states.get(key);
    if (!state) {
      state = { id: this.states.size, a, x, memory };
      this.states.set(key, state);
    }
    return state;
  }

  private memory(words: readonly ValueId[]): Memory {
    const text = words.join();
    let memory = this.memories.get(text);
    if (!memory) {
      memory = { id: this.memories.size, words };
      this.memories.set(text, memory);
    }
    return memory;
  }

  private constant(k: number): ValueId {
    return this.cached(this.constants, k, () => bits.constant(k));
  }

  private load(offset: number): ValueId {
    return this.cached(this.loads, offset, () => bits.load(this.d, fieldOf(wordAt(offset, this.endian))));
  }

  private cached(cache: Map<number, ValueId>, key: number, make: () => BitVector): ValueId {
    let id = cache.get(key);
    if (id === undefined) {
      id = this.value(make());
      cache.set(key, id);
    }
    return id;
  }

  private value(vector: BitVector): ValueId {
    const text = vector.join();
    let id = this.idOfText.get(text);
    if (id === undefined) {
      id = this.values.push(vector) - 1;
      this.idOfText.set(text, id);
    }
    return id;
  }
}

type MutableStep = { -readonly [K in keyof Step]: Step[K] } & { readonly state: State };

/** What lifting one program may cost: Docker's filter of 1,250 instructions needs a tenth of it. */
const MAX_NODES = 1 << 19;
const MAX_CHOICES = 1 << 23;

/** Runs the work; true when it met one of the bounds. */
export function bounded(diagram: Diagram, work: () => void): boolean {
  try {
    diagram.within(MAX_NODES, MAX_CHOICES, work);
    return false;
  } catch (fault) {
    if (fault instanceof DiagramTooLarge || fault instanceof TooManySteps) return true;
    throw fault;
  }
}

export function fieldOf(word: Word): Field {
  switch (word.part) {
    case 'nr':
      return NR;
    case 'arch':
      return ARCH;
    case 'ip':
      return half(IP, word.half);
    case 'argument':
      return half(argument(word.index), word.half);
  }
}
