import { actionOfWord, executes } from '../bpf/action.ts';
import type { Program } from '../bpf/instruction.ts';
import * as op from '../bpf/opcodes.ts';
import { type Endian, offsetOf } from '../bpf/seccomp-data.ts';
import { verifyProgram } from '../bpf/verify.ts';
import type { Decision } from '../diagram/decision.ts';
import { type Diagram, DiagramTooLarge, type NodeId } from '../diagram/diagram.ts';
import type { CallRules } from '../libseccomp/call-rule.ts';
import { liftProgram } from '../lift/symbolic-execution.ts';
import type { Policy } from '../policy/policy.ts';
import { type Costs, FOLD, MUCH_LONGER, type Tree } from './decision-tree.ts';
import { Assembler, type Label, TooLong } from './layout.ts';
import { RuleTests } from './rule-tests.ts';
import { type CallWeight, isCached, type Objective, uniformWeights, WeightTable } from './weights.ts';
import { wordTest } from './word-test.ts';
import { partOfWord, type Range, wordOfVariable } from './words.ts';

/** callgate compiled a policy into a program that decides otherwise: a bug in callgate, never in the input. */
export class MiscompiledError extends Error {}

/** The filter would be far longer than a kernel takes, or too hard to find. */
export class FilterTooLarge extends Error {}

/** What is to be small. */
export interface CompileOptions {
  /** Without it: size. */
  readonly objective?: Objective;
  /** Without them every call of the native ABI that is executed when its arguments are zero counts alike, and no other. */
  readonly weights?: readonly CallWeight[];
  /** By the node that decides a call: the rules that it was made of, whose own tests may be shorter than its words'. */
  readonly rules?: ReadonlyMap<NodeId, CallRules>;
}

/** What one instruction more is worth, in executed instructions of the mean call. */
const INSTRUCTION_COST: Readonly<Record<Objective, number>> = { size: 1000, mean: 1e-4, bitmap: 1e-4 };
/** Pairs of ranges weighed against each other, and bits tested by themselves times a thousand. */
const MAX_WORK = 40_000_000;
/** So many nodes of the diagram, and steps, may be made only to find short tests, in all; and steps at once. */
const MAX_SPARE_NODES = 1 << 19;
const MAX_SPARE_STEPS = 1 << 22;
const MAX_STEPS_AT_ONCE = 1 << 21;
/** Where the tests of the rules would do: so much work, and so many steps, to find a shorter way; and work in all. */
const MAX_WORK_TO_BETTER = MAX_WORK >> 6;
const MAX_STEPS_TO_BETTER = 1 << 15;
const MAX_SPARE_WORK = MAX_WORK >> 1;
/** Finding out what the tests of a call's rules mean takes no more than lowering these did. */
const MAX_STEPS_OF_RULES = 1 << 19;
/** So many nodes of a word are looked at as what another one may go on to. */
const MOST_WRITTEN = 16;
const ARCH_WORD = 0;
const NR_WORD = 1;

/**
 * A program made of a policy. proved: it was lifted again, and is the policy's own diagram. unproved: it is longer than
 * the 4,096 instructions that a kernel takes, so nobody can run it, and lifting it could take minutes.
 */
export interface Compiled {
  readonly kind: 'proved' | 'unproved';
  readonly program: Program;
}

/**
 * A program that decides exactly as the policy: arch first, then nr, then arguments, so that the kernel's bitmap
 * (kernel/seccomp.c: seccomp_cache_prepare) can answer calls without arguments by itself.
 * @throws FilterTooLarge when it would be far longer than a kernel takes, or takes too much work to find.
 * @throws MiscompiledError for a bug of callgate.
 * @example
 * ```js
 * import { compilePolicy, lowerProfile, parseProfile } from '@callgate/engine';
 * const target = { native: 'x86_64', kernel: { major: 6, minor: 12 }, capabilities: [] };
 * const { value: policy } = lowerProfile(parseProfile('{"defaultAction": "SCMP_ACT_ERRNO"}').value, target);
 * const { kind, program } = compilePolicy(policy);
 * kind; // → 'proved'
 * program.length < 10; // → true
 * ```
 */
export function compilePolicy(policy: Policy, options: CompileOptions = {}): Compiled {
  const weights = options.weights ?? uniformWeights(policy);
  return compileDecision(policy, policy.endian, { rules: policy.rules, ...options, weights });
}

/** The same for a bare decision, which no weights are known for but those of the options. */
export function compileDecision(decision: Decision, endian: Endian, options: CompileOptions = {}): Compiled {
  const program = compileUnproved(decision, endian, options);
  if (program.length > op.MAX_INSTRUCTIONS) return { kind: 'unproved', program };
  prove(decision, endian, program);
  return { kind: 'proved', program };
}

/** The program alone, without the proof: for measurements. */
export function compileUnproved(
  { diagram, root }: Decision,
  endian: Endian,
  options: CompileOptions,
): Program {
  return new Compiler(diagram, endian, options).compile(root);
}

class Compiler {
  private readonly diagram: Diagram;
  private readonly endian: Endian;
  private readonly objective: Objective;
  private readonly weights: WeightTable | undefined;
  private readonly assembler = new Assembler();
  private readonly rules: ReadonlyMap<NodeId, CallRules> | undefined;
  private labels = new Map<NodeId, Label>();
  /** By word, the last nodes that begin with loading it. */
  private written = new Map<number, readonly NodeId[]>();
  /** The arch of the calls that are being decided, once it is known. */
  private arch: number | undefined;
  private work = 0;
  private mostWork = MAX_WORK;
  private stepsAtOnce = MAX_STEPS_AT_ONCE;
  private spareNodes = MAX_SPARE_NODES;
  private spareSteps = MAX_SPARE_STEPS;
  private spareWork = MAX_SPARE_WORK;

  constructor(diagram: Diagram, endian: Endian, { objective = 'size', weights, rules }: CompileOptions) {
    this.diagram = diagram;
    this.endian = endian;
    this.objective = objective;
    this.weights = weights && new WeightTable(weights);
    this.rules = rules;
  }

  compile(root: NodeId): Program {
    this.node(root);
    return this.assembler.program();
  }

  /** Where the decision of a node begins; A may hold anything there. */
  private node(id: NodeId): Label {
    if (this.diagram.isTerminal(id)) return this.assembler.ret(this.diagram.word(id));
    let label = this.labels.get(id);
    if (label === undefined) {
      const tests = this.ruleTests(id);
      label = tests ? this.shorterThan(tests, id) : this.words(id);
      this.labels.set(id, label);
    }
    return label;
  }

  /** A decision that goes by one word after the other. */
  private words(id: NodeId): Label {
    const word = wordOfVariable(this.diagram.variable(id));
    const costs: Costs = {
      weight: (range) => this.weight(range, word),
      instruction: INSTRUCTION_COST[this.objective],
      spend: (work) => this.spend(work),
      attempt: (find) => this.attempt(find),
    };
    const tree = wordTest(this.diagram, id, word, costs, this.writtenOf(word));
    const label = this.assembler.load(offsetOf(partOfWord(word), this.endian), this.tree(tree, word));
    this.written.set(word, [id, ...this.writtenOf(word)].slice(0, MOST_WRITTEN));
    return label;
  }

  /** The tests of the rules that a node was made of, where there are several and these decide as it does. */
  private ruleTests(id: NodeId): RuleTests | undefined {
    const rules = this.rules?.get(id);
    if (!rules) return undefined;
    const tests = new RuleTests(rules);
    const { diagram } = this;
    const meaning = unlessTooLarge(() =>
      diagram.within(MAX_STEPS_OF_RULES, MAX_STEPS_OF_RULES, () => tests.meaning(diagram)),
    );
    return meaning === id ? tests : undefined;
  }

  /** The decision by words, or by the rules' tests where these are shorter. */
  private shorterThan(tests: RuleTests, id: NodeId): Label {
    const undo = this.undo();
    const { length } = this.assembler;
    const write = () => tests.write(this.assembler, (word) => offsetOf(partOfWord(word), this.endian));
    write();
    const factor = this.objective === 'size' ? 1 : MUCH_LONGER;
    const most = length + factor * (this.assembler.length - length);
    undo();
    return this.toBetter(most, () => this.words(id)) ?? write();
  }

  /** What is found with little effort, and written in no more instructions; undefined, and nothing written, otherwise. */
  private toBetter<T>(most: number, write: () => T): T | undefined {
    const { assembler, work, mostWork, stepsAtOnce } = this;
    if (this.spareWork <= 0) return undefined;
    const before = assembler.most;
    const undo = this.undo();
    try {
      assembler.most = Math.min(before, most);
      this.mostWork = Math.min(mostWork, work + MAX_WORK_TO_BETTER);
      this.stepsAtOnce = MAX_STEPS_TO_BETTER;
      return write();
    } catch (fault) {
      if (!(fault instanceof TooLong || fault instanceof FilterTooLarge)) throw fault;
      undo();
      return undefined;
    } finally {
      assembler.most = before;
      // The rules' tests would have cost nothing.
      this.spareWork -= this.work - work;
      this.work = work;
      this.mostWork = mostWork;
      this.stepsAtOnce = stepsAtOnce;
    }
  }

  /** What takes back, once, all that is written from now on. */
  private undo(): () => void {
    const undo = this.assembler.undo();
    const labels = new Map(this.labels);
    const written = new Map(this.written);
    return () => {
      undo();
      this.labels = labels;
      this.written = written;
    };
  }

  private writtenOf(word: number): readonly NodeId[] {
    return this.written.get(word) ?? [];
  }

  /** Where a test of the loaded word begins; `folded` is where FOLD leads. */
  private tree(tree: Tree, word: number, folded?: Label): Label {
    if (tree.kind === 'exit') return tree.exit === FOLD ? folded! : this.node(tree.exit);
    if (tree.kind === 'fold') {
      const base = this.tree(tree.base, word);
      const exceptions = this.tree(tree.exceptions, word, this.assembler.and(~tree.bit, base));
      return this.assembler.jump(op.JGE_K, tree.bit, exceptions, base);
    }
    if (tree.kind === 'reload')
      return this.assembler.load(offsetOf(partOfWord(word), this.endian), this.tree(tree.next, word, folded));
    const no = this.tree(tree.no, word, folded);
    if (word === ARCH_WORD && tree.kind === 'equal') this.arch = tree.k;
    const yes = this.tree(tree.yes, word, folded);
    switch (tree.kind) {
      case 'equal':
        return this.assembler.jump(op.JEQ_K, tree.k, yes, no);
      case 'atLeast':
        return this.assembler.jump(op.JGE_K, tree.k, yes, no);
      case 'anyBit':
        return this.assembler.jump(op.JSET_K, tree.k, yes, no);
      case 'masked':
        return this.assembler.and(tree.mask, this.assembler.jump(op.JEQ_K, tree.k, yes, no));
    }
  }

  private spend(work: number): void {
    this.work += work;
    if (this.work > this.mostWork) throw new FilterTooLarge('the filter is too large for any kernel');
  }

  private attempt<T>(find: () => T): T | undefined {
    const { diagram } = this;
    const { size, steps } = diagram;
    const most = Math.min(this.spareSteps, this.stepsAtOnce);
    try {
      return unlessTooLarge(() => diagram.within(this.spareNodes, most, find));
    } finally {
      this.spareNodes -= diagram.size - size;
      this.spareSteps -= diagram.steps - steps;
    }
  }

  private weight(range: Range, word: number): number {
    if (word === ARCH_WORD) return this.archWeight(range);
    if (word === NR_WORD) return this.numberWeight(range);
    return this.guess(range);
  }

  /** Without weights, an ABI with many rules is the one in use. */
  private archWeight({ low, high, exit }: Range): number {
    if (this.weights) return low === high ? this.weights.between(low, 0, 2 ** 32 - 1) : 0;
    return this.diagram.isTerminal(exit) ? 0 : this.diagram.reachable(exit).length;
  }

  private numberWeight(range: Range): number {
    const { diagram, weights, arch } = this;
    const { low, high, exit } = range;
    if (
      this.objective === 'bitmap' &&
      diagram.isTerminal(exit) &&
      isCached(diagram.word(exit), arch ?? 0, low)
    )
      return 0;
    return weights && arch !== undefined ? weights.between(arch, low, high) : this.guess(range);
  }

  /** Calls that are let through come often, others rarely. */
  private guess({ low, high, exit }: Range): number {
    const { diagram } = this;
    const count = Math.min(high - low + 1, 512) / 1000;
    const passes = !diagram.isTerminal(exit) || executes(actionOfWord(diagram.word(exit)).kind);
    return passes ? count : count / 50;
  }
}

/** What is found, unless that takes more of the diagram than it may. */
function unlessTooLarge<T>(find: () => T): T | undefined {
  try {
    return find();
  } catch (fault) {
    if (!(fault instanceof DiagramTooLarge)) throw fault;
    return undefined;
  }
}

function prove({ diagram, root }: Decision, endian: Endian, program: Program): void {
  const refusal = verifyProgram(program);
  if (refusal) throw new MiscompiledError(`instruction ${refusal.at}: ${refusal.why}`);
  const lifted = liftProgram(program, diagram, endian);
  if (lifted.tooComplex)
    throw new MiscompiledError(`the program cannot be lifted at ${lifted.tooComplex.at}`);
  if (lifted.root === root) return;
  const differing = diagram.combine(root, lifted.root, (a, b) => (a === b ? 0 : 1));
  const call = diagram.witnesses(differing).get(1)!;
  const text = `arch 0x${call.arch.toString(16)} nr ${call.nr} args ${call.args.join(',')}`;
  throw new MiscompiledError(`the program decides ${text} otherwise than the policy`);
}
