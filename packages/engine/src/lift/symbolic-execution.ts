import type { Program } from '../bpf/instruction.ts';
import * as op from '../bpf/opcodes.ts';
import type { Endian } from '../bpf/seccomp-data.ts';
import { Diagram, type NodeId } from '../diagram/diagram.ts';
import { bounded, type Step, StepGraph, type TooComplex, TooManySteps } from './step-graph.ts';

export type Lifted =
  | { readonly root: NodeId; readonly tooComplex?: undefined }
  | { readonly tooComplex: TooComplex };

/** How many different words a program may return by RET A. */
const MAX_WORDS = 4096;

/**
 * What a program decides for every call, as a diagram: all paths are followed at once, with the values of A, X and the
 * scratch memory as functions of the call's bits. The program must be one that verifyProgram takes.
 */
export function liftProgram(program: Program, diagram: Diagram, endian: Endian): Lifted {
  const graph = new StepGraph(program, diagram, endian);
  const tooComplex = graph.follow();
  if (tooComplex) return { tooComplex };
  const results = new Map<Step, NodeId>();
  let at = program.length - 1;
  const fault = bounded(diagram, () => {
    for (; at >= 0; at--)
      for (const step of graph.steps[at]) results.set(step, resultOf(program, diagram, graph, step, results));
  });
  if (fault) return { tooComplex: { at } };
  return { root: results.get(graph.steps[0][0])! };
}

/** For each instruction the calls that run it, as conditions; undefined when the program is too complex to follow. */
export function reachingCalls(program: Program, diagram: Diagram, endian: Endian): NodeId[] | undefined {
  const graph = new StepGraph(program, diagram, endian);
  if (graph.follow()) return undefined;
  const calls = new Map<Step, NodeId>([[graph.steps[0][0], Diagram.TRUE]]);
  const add = (step: Step, more: NodeId) =>
    calls.set(step, diagram.or(calls.get(step) ?? Diagram.FALSE, more));
  const fault = bounded(diagram, () => {
    for (const step of graph.steps.flat()) {
      const here = calls.get(step)!;
      if (step.next.length === 1) add(step.next[0], here);
      else if (step.next.length === 2) {
        add(step.next[0], diagram.and(here, step.condition));
        add(step.next[1], diagram.and(here, diagram.not(step.condition)));
      }
    }
  });
  if (fault) return undefined;
  return graph.steps.map((steps) =>
    steps.reduce((all, step) => diagram.or(all, calls.get(step)!), Diagram.FALSE),
  );
}

/** What a step decides, once everything behind it is known. */
function resultOf(
  program: Program,
  diagram: Diagram,
  graph: StepGraph,
  step: Step,
  results: ReadonlyMap<Step, NodeId>,
): NodeId {
  const { code, k } = program[step.at];
  if (code === op.RET_K) return diagram.terminal(k);
  if (code === op.RET_A) return terminals(diagram, graph.bitsOf(step.a));
  const next = results.get(step.next[0])!;
  if (code === (op.DIV_K | op.SOURCE_X)) return diagram.choose(step.condition, diagram.terminal(0), next);
  return step.next.length === 1 ? next : diagram.choose(step.condition, next, results.get(step.next[1])!);
}

/** The diagram whose words are the values of a bit vector. */
function terminals(d: Diagram, a: readonly NodeId[]): NodeId {
  let words = 0;
  const walk = (i: number, prefix: number, path: NodeId): NodeId => {
    if (path === Diagram.FALSE) return Diagram.FALSE;
    if (i === 32) {
      if (++words > MAX_WORDS) throw new TooManySteps();
      return d.terminal(prefix);
    }
    const bit = a[i];
    if (bit <= Diagram.TRUE) return walk(i + 1, prefix * 2 + bit, path);
    const one = walk(i + 1, prefix * 2 + 1, d.and(path, bit));
    return d.choose(bit, one, walk(i + 1, prefix * 2, d.and(path, d.not(bit))));
  };
  return walk(0, 0, Diagram.TRUE);
}
