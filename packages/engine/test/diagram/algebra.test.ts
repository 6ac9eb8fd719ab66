import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diffDecisions } from '../../src/analysis/diff.ts';
import { actionOfWord, actionWord } from '../../src/bpf/action.ts';
import { NOWHERE } from '../../src/diagnostics/span.ts';
import {
  callsWhere,
  countArguments,
  countCalls,
  difference,
  isSubset,
  smallestCall,
} from '../../src/diagram/call-set.ts';
import { Diagram, type NodeId } from '../../src/diagram/diagram.ts';
import { ARCH, argument, type Call, NR } from '../../src/diagram/fields.ts';
import { conditionsDiagram } from '../../src/policy/condition.ts';
import { plainWords, stackFilters } from '../../src/policy/stack.ts';
import { type Condition, OPERATORS } from '../../src/profile/profile.ts';
import { abiOf } from '../../src/syscalls/arch.ts';

const SEED = Number(process.env.CALLGATE_SEED ?? 20261122);
const RUNS = Number(process.env.CALLGATE_FUZZ ?? 300);
const X86_64 = abiOf('x86_64');

const value = fc.oneof(fc.bigInt(0n, 8n), fc.constantFrom(0xffn, 1n << 32n, (1n << 64n) - 1n));
const condition: fc.Arbitrary<Condition> = fc.record({
  argument: fc.integer({ min: 0, max: 2 }),
  operator: fc.constantFrom(...OPERATORS),
  value,
  valueTwo: value,
  span: fc.constant(NOWHERE),
});
const conjunction = fc.array(condition, { minLength: 1, maxLength: 3 });
const union = fc.array(conjunction, { minLength: 1, maxLength: 4 });

const setOf = (d: Diagram, alternatives: readonly (readonly Condition[])[]): NodeId =>
  alternatives.reduce((all, c) => d.or(all, conditionsDiagram(d, c, 64)), Diagram.FALSE);

/** All calls whose first three arguments are small, or next to where conditions turn. */
const EDGES = [
  0n,
  1n,
  2n,
  3n,
  7n,
  8n,
  9n,
  0xfen,
  0xffn,
  0x100n,
  (1n << 32n) - 1n,
  1n << 32n,
  (1n << 64n) - 1n,
];
const CALLS: readonly Call[] = EDGES.flatMap((a) =>
  EDGES.flatMap((b) => EDGES.map((c) => ({ arch: 0, nr: 0, args: [a, b, c, 0n, 0n, 0n] }))),
);

describe('sets of calls', () => {
  it('obey the laws of sets, call by call and in their counts', () => {
    fc.assert(
      fc.property(union, union, (first, second) => {
        const d = new Diagram();
        const [a, b] = [setOf(d, first), setOf(d, second)];
        const [both, either, only] = [d.and(a, b), d.or(a, b), difference(d, a, b)];
        const size = (set: NodeId) => countCalls(d, set);
        expect(size(a) + size(b)).toBe(size(either) + size(both));
        expect(size(only)).toBe(size(a) - size(both));
        expect(size(d.not(a))).toBe((1n << 512n) - size(a));
        expect(countArguments(d, a) << 128n).toBe(size(a));
        expect(isSubset(d, both, a) && isSubset(d, a, either)).toBe(true);
        expect(isSubset(d, a, b)).toBe(only === Diagram.FALSE);
        for (const call of CALLS.filter((_, i) => i % 29 === 0)) {
          const [inA, inB] = [d.evaluate(a, call) === 1, d.evaluate(b, call) === 1];
          expect(d.evaluate(both, call) === 1).toBe(inA && inB);
          expect(d.evaluate(either, call) === 1).toBe(inA || inB);
          expect(d.evaluate(only, call) === 1).toBe(inA && !inB);
        }
      }),
      { numRuns: RUNS, seed: SEED },
    );
  });

  it('have the sizes that can be counted by hand', () => {
    const d = new Diagram();
    const all = 1n << 512n;
    expect(countCalls(d, Diagram.TRUE)).toBe(all);
    expect(countCalls(d, Diagram.FALSE)).toBe(0n);
    expect(countCalls(d, d.equals(NR, 59))).toBe(all >> 32n);
    expect(countCalls(d, d.and(d.equals(ARCH, 7), d.atLeast(argument(5), 3n)))).toBe(
      (all >> 96n) * ((1n << 64n) - 3n),
    );
  });

  it('show their smallest call', () => {
    fc.assert(
      fc.property(union, (alternatives) => {
        const d = new Diagram();
        const set = setOf(d, alternatives);
        const smallest = smallestCall(d, set);
        if (!smallest) {
          expect(set).toBe(Diagram.FALSE);
          return;
        }
        expect(d.evaluate(set, smallest)).toBe(1);
        const isSmaller = (call: Call) => {
          const at = call.args.findIndex((arg, i) => arg !== smallest.args[i]);
          return at >= 0 && call.args[at] < smallest.args[at];
        };
        for (const call of CALLS) if (isSmaller(call)) expect(d.evaluate(set, call)).toBe(0);
      }),
      { numRuns: RUNS / 3, seed: SEED },
    );
  });
});

const word = fc.constantFrom(
  ...(['ALLOW', 'LOG', 'KILL_PROCESS', 'NOTIFY'] as const).map((kind) => actionWord({ kind, data: 0 })),
  actionWord({ kind: 'ERRNO', data: 1 }),
  actionWord({ kind: 'ERRNO', data: 38 }),
);
const rules = fc.array(fc.record({ nr: fc.integer({ min: 0, max: 5 }), conditions: union, word }), {
  maxLength: 6,
});
type Rules = typeof rules extends fc.Arbitrary<infer R> ? R : never;

function policyOf(d: Diagram, list: Rules): NodeId {
  const root = list.reduce(
    (rest, r) => d.choose(d.and(d.equals(NR, r.nr), setOf(d, r.conditions)), d.terminal(r.word), rest),
    d.terminal(actionWord({ kind: 'ERRNO', data: 1 })),
  );
  return d.choose(d.equals(ARCH, X86_64.auditArch), root, d.terminal(0));
}

describe('the difference of two policies', () => {
  it('is every call that they decide differently, and no other', () => {
    fc.assert(
      fc.property(rules, rules, (first, second) => {
        const d = new Diagram();
        const [a, b] = [policyOf(d, first), policyOf(d, second)];
        const { listed: found } = diffDecisions({ diagram: d, root: a }, { diagram: d, root: b }, [X86_64]);
        expect(found.length === 0).toBe(a === b);
        for (const { witness, before, after } of found) {
          expect(actionOfWord(d.evaluate(a, witness))).toEqual(before);
          expect(actionOfWord(d.evaluate(b, witness))).toEqual(after);
        }
        // Counted in all: no call is missing, none is there twice.
        const counted = found.reduce((sum, x) => sum + x.count * BigInt(x.last - x.nr + 1), 0n);
        const differing = callsWhere(
          d,
          d.combine(a, b, (x, y) => (x === y ? 0 : 1)),
          (w) => w === 1,
        );
        expect(counted << 64n).toBe(countCalls(d, differing));
      }),
      { numRuns: RUNS, seed: SEED },
    );
  });

  it('of foreign architectures is one group', () => {
    const d = new Diagram();
    const a = d.terminal(actionWord({ kind: 'ALLOW', data: 0 }));
    const b = d.choose(d.equals(ARCH, X86_64.auditArch), a, d.terminal(0));
    const [only, ...rest] = diffDecisions({ diagram: d, root: a }, { diagram: d, root: b }, [X86_64]).listed;
    expect(rest).toEqual([]);
    expect(only).toMatchObject({ arch: 'other', change: 'tightened', nr: 0, last: 0xffffffff });
  });
});

describe('stacked filters', () => {
  const KINDS = ['KILL_PROCESS', 'KILL_THREAD', 'TRAP', 'ERRNO', 'NOTIFY', 'TRACE', 'LOG', 'ALLOW'] as const;

  it('answer with the strongest action, and among equals with the data of the newest', () => {
    const d = new Diagram();
    for (const [i, one] of KINDS.entries())
      for (const [j, other] of KINDS.entries()) {
        const words = [actionWord({ kind: one, data: 5 }), actionWord({ kind: other, data: 6 })];
        const root = stackFilters(
          d,
          words.map((w) => d.terminal(w)),
        );
        const { kind } = actionOfWord(d.word(root));
        expect(kind).toBe(KINDS[Math.min(i, j)]);
        if (one === 'ERRNO' && other === 'ERRNO') expect(d.word(root)).toBe(words[0]);
      }
  });

  it('without any filter everything is allowed; unknown actions kill, large errnos are cut', () => {
    const d = new Diagram();
    const plain = (w: number) => actionOfWord(d.word(plainWords(d, d.terminal(w))));
    expect(actionOfWord(d.word(stackFilters(d, []))).kind).toBe('ALLOW');
    expect(plain(0x12340000)).toEqual({ kind: 'KILL_PROCESS', data: 0 });
    expect(plain(0x0005ffff)).toEqual({ kind: 'ERRNO', data: 4095 });
    expect(plain(0x7fff0007)).toEqual({ kind: 'ALLOW', data: 0 });
    expect(plain(0x7ff00007)).toEqual({ kind: 'TRACE', data: 7 });
  });
});
