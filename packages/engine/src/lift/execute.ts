import type { Program } from '../bpf/instruction.ts';
import * as op from '../bpf/opcodes.ts';
import { type Endian, type Word, wordAt } from '../bpf/seccomp-data.ts';
import { type Diagram, DiagramTooLarge, type NodeId } from '../policy/diagram.ts';
import { ARCH, argument, type Field, half, IP, NR } from '../policy/fields.ts';
import type { BitVector } from './bit-vector.ts';
import * as bits from './bit-vector.ts';

/** The program computes too much to be followed for every call at once. */
export interface TooComplex {
  /** The instruction at which the bound was met. */
  readonly at: number;
}

export type Lifted =
  | { readonly root: NodeId; readonly tooComplex?: undefined }
  | { readonly tooComplex: TooComplex };

/** What A, X and the scratch memory hold when an instruction is reached. */
interface State {
  readonly a: BitVector;
  readonly x: BitVector;
  readonly memory: readonly BitVector[];
}

/** One instruction reached in one state, and where it goes from there. */
interface Step {
  readonly at: number;
  readonly state: State;
  next: readonly Step[];
  condition: NodeId;
  result: NodeId;
}

const MAX_STEPS = 50_000;
const MAX_WORDS = 4096;

/**
 * What a program decides for every call, as a diagram: all paths are followed at once, with the values of A, X and the
 * scratch memory as functions of the call's bits. The program must be one that verifyProgram takes.
 */
export function liftProgram(program: Program, diagram: Diagram, endian: Endian): Lifted {
  return new Execution(program, diagram, endian).run();
}

class Execution {
  private readonly program: Program;
  private readonly d: Diagram;
  private readonly endian: Endian;
  private readonly vectors = new Map<string, BitVector>();
  private readonly stepsAt: Map<string, Step>[];
  private count = 0;

  constructor(program: Program, diagram: Diagram, endian: Endian) {
    this.program = program;
    this.d = diagram;
    this.endian = endian;
    this.stepsAt = program.map(() => new Map());
  }

  run(): Lifted {
    let at = 0;
    try {
      const zero = this.intern(bits.constant(0));
      const memory = new Array<BitVector>(op.MEMORY_WORDS).fill(zero);
      const first = this.reach(0, { a: zero, x: zero, memory });
      // Jumps only go forward: every state of an instruction is known when its turn comes.
      for (; at < this.program.length; at++) for (const step of this.stepsAt[at].values()) this.follow(step);
      for (at--; at >= 0; at--) for (const step of this.stepsAt[at].values()) this.conclude(step);
      return { root: first.result };
    } catch (fault) {
      if (fault instanceof DiagramTooLarge || fault instanceof TooManySteps) return { tooComplex: { at } };
      throw fault;
    }
  }

  /** Finds where a step goes. */
  private follow(step: Step): void {
    const { at, state } = step;
    const { code, jt, jf, k } = this.program[at];
    if (code === op.RET_K || code === op.RET_A) return;
    if (code === op.JA) {
      step.next = [this.reach(at + 1 + k, state)];
    } else if (op.isConditionalJump(code)) {
      step.condition = this.condition(code, state, k);
      if (step.condition === 1) step.next = [this.reach(at + 1 + jt, state)];
      else if (step.condition === 0) step.next = [this.reach(at + 1 + jf, state)];
      else step.next = [this.reach(at + 1 + jt, state), this.reach(at + 1 + jf, state)];
    } else {
      if (code === (op.DIV_K | op.SOURCE_X)) step.condition = bits.equal(this.d, state.x, bits.constant(0));
      step.next = [this.reach(at + 1, this.after(code, k, state))];
    }
  }

  /** Finds what a step decides, once everything behind it is known. */
  private conclude(step: Step): void {
    const { code, k } = this.program[step.at];
    if (code === op.RET_K) step.result = this.d.terminal(k);
    else if (code === op.RET_A) step.result = this.terminals(step.state.a);
    else if (code === (op.DIV_K | op.SOURCE_X))
      step.result = this.d.choose(step.condition, this.d.terminal(0), step.next[0].result);
    else if (step.next.length === 1) step.result = step.next[0].result;
    else step.result = this.d.choose(step.condition, step.next[0].result, step.next[1].result);
  }

  private after(code: number, k: number, state: State): State {
    switch (code) {
      case op.LD_ABS:
        return { ...state, a: this.intern(bits.load(this.d, fieldOf(wordAt(k, this.endian)))) };
      case op.LD_LEN:
        return { ...state, a: this.intern(bits.constant(op.DATA_SIZE)) };
      case op.LDX_LEN:
        return { ...state, x: this.intern(bits.constant(op.DATA_SIZE)) };
      case op.LD_IMM:
        return { ...state, a: this.intern(bits.constant(k)) };
      case op.LDX_IMM:
        return { ...state, x: this.intern(bits.constant(k)) };
      case op.LD_MEM:
        return { ...state, a: state.memory[k] };
      case op.LDX_MEM:
        return { ...state, x: state.memory[k] };
      case op.ST:
        return { ...state, memory: state.memory.with(k, state.a) };
      case op.STX:
        return { ...state, memory: state.memory.with(k, state.x) };
      case op.TAX:
        return { ...state, x: state.a };
      case op.TXA:
        return { ...state, a: state.x };
      case op.NEG:
        return { ...state, a: this.intern(bits.negate(this.d, state.a)) };
      default:
        return { ...state, a: this.intern(this.compute(code, state.a, this.operand(code, state, k))) };
    }
  }

  private compute(code: number, a: BitVector, b: BitVector): BitVector {
    const { d } = this;
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
    const operand = this.operand(code, state, k);
    switch (code & ~op.SOURCE_X) {
      case op.JEQ_K:
        return bits.equal(this.d, state.a, operand);
      case op.JGT_K:
        return bits.greater(this.d, state.a, operand);
      case op.JGE_K:
        return bits.atLeast(this.d, state.a, operand);
      default:
        return bits.intersects(this.d, state.a, operand);
    }
  }

  private operand(code: number, state: State, k: number): BitVector {
    return (code & op.SOURCE_X) !== 0 ? state.x : bits.constant(k);
  }

  /** The diagram whose words are the values of a bit vector. */
  private terminals(a: BitVector): NodeId {
    let words = 0;
    const walk = (i: number, prefix: number, path: NodeId): NodeId => {
      if (path === 0) return 0;
      if (i === 32) {
        if (++words > MAX_WORDS) throw new TooManySteps();
        return this.d.terminal(prefix);
      }
      const bit = a[i];
      if (bit <= 1) return walk(i + 1, prefix * 2 + bit, path);
      const one = walk(i + 1, prefix * 2 + 1, this.d.and(path, bit));
      return this.d.choose(bit, one, walk(i + 1, prefix * 2, this.d.and(path, this.d.not(bit))));
    };
    return walk(0, 0, 1);
  }

  private reach(at: number, state: State): Step {
    const key = `${this.key(state.a)};${this.key(state.x)};${state.memory.map((m) => this.key(m)).join(';')}`;
    let step = this.stepsAt[at].get(key);
    if (!step) {
      if (++this.count > MAX_STEPS) throw new TooManySteps();
      step = { at, state, next: [], condition: 0, result: 0 };
      this.stepsAt[at].set(key, step);
    }
    return step;
  }

  private readonly keys = new Map<BitVector, number>();

  private key(vector: BitVector): number {
    return this.keys.get(vector)!;
  }

  /** The one vector that stands for all equal ones. */
  private intern(vector: BitVector): BitVector {
    const text = vector.join();
    let known = this.vectors.get(text);
    if (!known) {
      known = vector;
      this.vectors.set(text, vector);
      this.keys.set(vector, this.keys.size);
    }
    return known;
  }
}

class TooManySteps extends Error {}

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
