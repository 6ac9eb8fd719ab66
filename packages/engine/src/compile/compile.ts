import type { Program } from '../bpf/instruction.ts';
import * as op from '../bpf/opcodes.ts';
import { type Endian, offsetOf } from '../bpf/seccomp-data.ts';
import { verifyProgram } from '../bpf/verify.ts';
import { liftProgram } from '../lift/execute.ts';
import { actionOfWord, executes } from '../policy/action.ts';
import type { Diagram, NodeId } from '../policy/diagram.ts';
import type { Tree } from './decision-tree.ts';
import { Assembler, type Label } from './layout.ts';
import { wordTest } from './word-test.ts';
import { partOfWord, type Range, wordOfVariable } from './words.ts';

/** callgate compiled a policy into a program that decides otherwise: a bug in callgate, never in the input. */
export class MiscompiledError extends Error {}

/**
 * A program that decides exactly as the diagram, for machines of one byte order: arch first, then nr, then arguments,
 * so that the kernel's bitmap (kernel/seccomp.c: seccomp_cache_prepare) can answer calls without arguments by itself.
 * A program of at most 4096 instructions, which a kernel takes, is lifted again and compared before it is returned.
 */
export function compileDiagram(diagram: Diagram, root: NodeId, endian: Endian): Program {
  const program = new Compiler(diagram, endian).compile(root);
  // A longer one no kernel takes, so nobody runs it; lifting it could take minutes.
  if (program.length <= op.MAX_INSTRUCTIONS) prove(diagram, root, endian, program);
  return program;
}

class Compiler {
  private readonly diagram: Diagram;
  private readonly endian: Endian;
  private readonly assembler = new Assembler();
  private readonly labels = new Map<NodeId, Label>();

  constructor(diagram: Diagram, endian: Endian) {
    this.diagram = diagram;
    this.endian = endian;
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
      const word = wordOfVariable(this.diagram.variable(id));
      const tree = wordTest(this.diagram, id, word, (range) => this.weight(range, word));
      label = this.assembler.load(offsetOf(partOfWord(word), this.endian), this.tree(tree));
      this.labels.set(id, label);
    }
    return label;
  }

  /** Where a test of the loaded word begins. */
  private tree(tree: Tree): Label {
    if (tree.kind === 'exit') return this.node(tree.exit);
    const no = this.tree(tree.no);
    const yes = this.tree(tree.yes);
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

  /** Calls that are let through come often, others rarely; an ABI with many rules is the one in use. */
  private weight(range: Range, word: number): number {
    const { diagram } = this;
    if (word === 0) return diagram.isTerminal(range.exit) ? 0 : diagram.reachable(range.exit).length;
    const count = Math.min(range.high - range.low + 1, 16);
    const passes = !diagram.isTerminal(range.exit) || executes(actionOfWord(diagram.word(range.exit)).kind);
    return passes ? count : count / 50;
  }
}

function prove(diagram: Diagram, root: NodeId, endian: Endian, program: Program): void {
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
