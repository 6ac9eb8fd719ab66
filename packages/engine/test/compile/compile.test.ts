import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { actionWord } from '../../src/bpf/action.ts';
import { type Instruction, instruction } from '../../src/bpf/instruction.ts';
import * as op from '../../src/bpf/opcodes.ts';
import { verifyProgram } from '../../src/bpf/verify.ts';
import { runProgram } from '../../src/bpf/vm.ts';
import { compileDecision, FilterTooLarge } from '../../src/compile/compile.ts';
import { NOWHERE } from '../../src/diagnostics/span.ts';
import { Diagram, type NodeId } from '../../src/diagram/diagram.ts';
import { ARCH, argument, type Call, half, NR } from '../../src/diagram/fields.ts';
import { liftProgram } from '../../src/lift/symbolic-execution.ts';
import { conditionsDiagram } from '../../src/policy/condition.ts';
import { type Condition, OPERATORS } from '../../src/profile/profile.ts';

const SEED = Number(process.env.CALLGATE_SEED ?? 20261122);
const RUNS = Number(process.env.CALLGATE_FUZZ ?? 300);
const FIRST = half(argument(0), 'low');
const SECOND = half(argument(1), 'low');
const ARCHES = [0xc000003e, 0x40000003];

/** Values on which conditions turn. */
const value = fc.oneof(
  fc.constantFrom(
    0n,
    1n,
    40n,
    0xffn,
    0xffffffffn,
    0x100000000n,
    0x7e020000n,
    0x8000000000000000n,
    0xffff_ffff_ffff_ffffn,
  ),
  fc.bigInt(0n, 64n),
  fc.bigInt(0n, 0xffff_ffff_ffff_ffffn),
);
const condition: fc.Arbitrary<Condition> = fc.record({
  argument: fc.integer({ min: 0, max: 5 }),
  operator: fc.constantFrom(...OPERATORS),
  value,
  valueTwo: value,
  span: fc.constant(NOWHERE),
});
const rule = fc.record({
  arch: fc.constantFrom(...ARCHES),
  nr: fc.integer({ min: 0, max: 460 }),
  conditions: fc.array(condition, { maxLength: 3 }),
  word: fc.constantFrom(0x7fff0000, 0x00050001, 0x00050026, 0x80000000, 0x7ffc0000),
});
type FuzzRule = typeof rule extends fc.Arbitrary<infer R> ? R : never;

/** The naive meaning: the first rule that matches, argument by argument, by big numbers. */
function naive(rules: readonly FuzzRule[], bits: 32 | 64, call: Call): number {
  const width = (1n << BigInt(bits)) - 1n;
  const holds = (c: Condition): boolean => {
    const a = call.args[c.argument] & width;
    const v = c.value & width;
    if (c.operator === 'MASKED_EQ') return (a & v) === (c.valueTwo & v);
    return { EQ: a === v, NE: a !== v, LT: a < v, LE: a <= v, GT: a > v, GE: a >= v }[c.operator];
  };
  const match = rules.find((r) => r.arch === call.arch && r.nr === call.nr && r.conditions.every(holds));
  return match?.word ?? actionWord({ kind: 'ERRNO', data: 99 });
}

function build(d: Diagram, rules: readonly FuzzRule[], bits: 32 | 64): NodeId {
  const otherwise = d.terminal(actionWord({ kind: 'ERRNO', data: 99 }));
  return rules.reduceRight((rest, r) => {
    const number = d.and(d.equals(ARCH, r.arch), d.equals(NR, r.nr));
    return d.choose(d.and(number, conditionsDiagram(d, r.conditions, bits)), d.terminal(r.word), rest);
  }, otherwise);
}

/** Calls at the edges of every rule. */
function boundaryCalls(rules: readonly FuzzRule[]): Call[] {
  return rules.flatMap((r) =>
    [0n, 1n, -1n, 1n << 32n].flatMap((shift) =>
      [0, 1].map((offset) => {
        const args = [0n, 0n, 0n, 0n, 0n, 0n];
        for (const c of r.conditions)
          args[c.argument] = BigInt.asUintN(64, (c.operator === 'MASKED_EQ' ? c.valueTwo : c.value) + shift);
        return { arch: r.arch, nr: r.nr + offset, args };
      }),
    ),
  );
}

describe('random policies', () => {
  it.each([
    ['little', 64],
    ['little', 32],
    ['big', 64],
    ['big', 32],
  ] as const)(
    '%s-endian, %i bits: naive evaluation, diagram and VM agree; the program lifts to the same node',
    (endian, bits) => {
      fc.assert(
        fc.property(fc.array(rule, { minLength: 1, maxLength: 40 }), (rules) => {
          const d = new Diagram();
          const root = build(d, rules, bits);
          const program = compileDecision({ diagram: d, root }, endian).program;
          expect(verifyProgram(program)).toBeUndefined();
          expect(liftProgram(program, d, endian)).toEqual({ root });
          for (const call of boundaryCalls(rules)) {
            const wanted = naive(rules, bits, call);
            expect(d.evaluate(root, call)).toBe(wanted);
            expect(runProgram(program, call, endian).word).toBe(wanted);
          }
        }),
        { numRuns: RUNS, seed: SEED },
      );
    },
  );

  it('long programs reach their returns over more than 255 instructions', () => {
    const d = new Diagram();
    let root = d.terminal(0x7fff0000);
    for (let nr = 0; nr < 900; nr++) root = d.choose(d.equals(NR, nr), d.terminal(0x50000 + (nr % 7)), root);
    const program = compileDecision({ diagram: d, root }, 'little').program;
    expect(program.length).toBeGreaterThan(600);
    for (let nr = 0; nr < 902; nr++)
      expect(runProgram(program, { arch: 0, nr, args: [] }, 'little').word).toBe(
        nr < 900 ? 0x50000 + (nr % 7) : 0x7fff0000,
      );
  });
});

describe('single values of one argument', () => {
  const returns = { single: 0x7fff0000, other: 0x00050001 };
  const chosen = (n: number, last: NodeId, d: Diagram) => {
    let values = Diagram.FALSE;
    for (let i = 0; i < n; i++) values = d.or(values, d.equals(FIRST, (i * 7919) % 1_000_003));
    return d.choose(values, last, d.terminal(returns.other));
  };

  it.each([5, 9, 10, 100, 300, 1000, 3800])('%i of them make a chain of as many tests', (n) => {
    const d = new Diagram();
    const root = chosen(n, d.terminal(returns.single), d);
    const program = compileDecision({ diagram: d, root }, 'little', { objective: 'size' }).program;
    // The load, the tests, both returns, and one copy of a return for every 255 tests beyond.
    expect(program.length).toBeLessThanOrEqual(n + 3 + Math.floor(n / 255));
    expect(verifyProgram(program)).toBeUndefined();
  });

  it('share their long jumps when more is to be tested behind them', () => {
    const d = new Diagram();
    const next = d.choose(d.equals(SECOND, 5), d.terminal(returns.single), d.terminal(returns.other));
    const program = compileDecision({ diagram: d, root: chosen(1000, next, d) }, 'little', {
      objective: 'size',
    }).program;
    expect(program.length).toBeLessThanOrEqual(1000 + 5 + 2 * Math.floor(1000 / 255));
  });

  it('are searched for with the other objectives, which want few executed tests', () => {
    const d = new Diagram();
    const program = compileDecision(
      { diagram: d, root: chosen(300, d.terminal(returns.single), d) },
      'little',
      {
        objective: 'mean',
      },
    ).program;
    const args = [1_000_002n, 0n, 0n, 0n, 0n, 0n];
    expect(runProgram(program, { arch: 0, nr: 0, args }, 'little').executed).toBeLessThan(40);
  });

  it('do not stand in the way of a test of bits that is shorter', () => {
    const d = new Diagram();
    const odd = d.and(d.not(d.atLeast(FIRST, 4096)), d.maskedEquals(FIRST, 1n, 1n));
    const root = d.choose(odd, d.terminal(returns.single), d.terminal(returns.other));
    expect(compileDecision({ diagram: d, root }, 'little').program.length).toBeLessThan(30);
  });
});

describe('masks of one argument', () => {
  /** Rules that each ask for other bits, among them the lowest. */
  const masked = (d: Diagram, seed: number, count: number, bits: number) => {
    let state = seed;
    const next = (values: number) => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      return (state >>> 8) % values;
    };
    let met = Diagram.FALSE;
    for (let i = 0; i < count; i++) {
      const mask = BigInt((next(2 ** bits) << (1 + next(16))) | 1) & 0xffff_ffffn;
      met = d.or(met, d.maskedEquals(FIRST, mask, BigInt(next(2 ** 24)) & mask));
    }
    return met;
  };

  it.each([
    [1, 8],
    [1, 16],
    [20, 12],
  ])('of %i calls, %i each, take no more than a load, a mask and a comparison each', (calls, count) => {
    const d = new Diagram();
    let root = d.terminal(0x50001);
    for (let nr = 0; nr < calls; nr++)
      root = d.choose(d.and(d.equals(NR, nr), masked(d, nr + 1, count, 8)), d.terminal(0x7fff0000), root);
    const { kind, program } = compileDecision({ diagram: d, root }, 'little');
    expect(kind).toBe('proved');
    expect(program.length).toBeLessThanOrEqual(calls * (3 * count + 2) + 4);
  });

  it('are given up where no short tests are found', () => {
    const d = new Diagram();
    const root = d.choose(masked(d, 9, 20, 14), d.terminal(0x7fff0000), d.terminal(0x50001));
    try {
      expect(compileDecision({ diagram: d, root }, 'little').program.length).toBeLessThanOrEqual(20 * 3 + 4);
    } catch (fault) {
      expect(fault).toBeInstanceOf(FilterTooLarge);
    }
  });
});

/** Any instruction that the kernel takes, with short forward jumps. */
const anyInstruction: fc.Arbitrary<Instruction> = fc.oneof(
  fc.record({ word: fc.integer({ min: 0, max: 15 }) }).map(({ word }) => instruction(op.LD_ABS, word * 4)),
  fc
    .tuple(
      fc.constantFrom(op.JEQ_K, op.JGT_K, op.JGE_K, op.JSET_K),
      fc.boolean(),
      value,
      fc.nat(3),
      fc.nat(3),
    )
    .map(([code, x, k, jt, jf]) =>
      instruction(code | (x ? op.SOURCE_X : 0), Number(k & 0xffffffffn), jt, jf),
    ),
  fc
    .tuple(fc.constantFrom(op.ADD_K, op.SUB_K, op.AND_K, op.OR_K, op.XOR_K), fc.boolean(), value)
    .map(([code, x, k]) => instruction(code | (x ? op.SOURCE_X : 0), Number(k & 0xffffffffn))),
  fc.tuple(fc.constantFrom(op.LSH_K, op.RSH_K), fc.nat(31)).map(([code, k]) => instruction(code, k)),
  fc.constantFrom(op.TAX, op.TXA, op.NEG, op.LD_LEN, op.LDX_LEN).map((code) => instruction(code)),
  fc
    .tuple(fc.constantFrom(op.LD_IMM, op.LDX_IMM), value)
    .map(([code, k]) => instruction(code, Number(k & 0xffffffffn))),
  fc
    .tuple(fc.constantFrom(op.ST, op.STX, op.LD_MEM, op.LDX_MEM), fc.nat(2))
    .map(([code, k]) => instruction(code, k)),
  fc.constantFrom(1, 2, 3).map((n) => instruction(op.RET_K, 0x50000 + n)),
);

describe('lifting any program', () => {
  it('decides what the VM decides', () => {
    let lifted = 0;
    fc.assert(
      fc.property(
        fc.array(anyInstruction, { minLength: 1, maxLength: 24 }),
        fc.array(fc.tuple(value, value, value), { minLength: 4, maxLength: 8 }),
        (body, samples) => {
          const ends = [1, 2, 3, 4].map((n) => instruction(op.RET_K, 0x50010 + n));
          const program = [...body, ...ends];
          fc.pre(verifyProgram(program) === undefined);
          const d = new Diagram(1 << 18);
          const result = liftProgram(program, d, 'little');
          if (result.tooComplex) return;
          lifted++;
          for (const [a, b, c] of samples) {
            const call = {
              arch: Number(a & 0xffffffffn),
              nr: Number(b & 0x1ffn),
              ip: c,
              args: [a, b, c, a, b, c],
            };
            expect(d.evaluate(result.root, call)).toBe(runProgram(program, call, 'little').word);
          }
        },
      ),
      { numRuns: RUNS * 3, seed: SEED },
    );
    expect(lifted).toBeGreaterThan(RUNS);
  });

  it('multiplies, divides and shifts like the VM', () => {
    for (const code of [
      op.MUL_K,
      op.DIV_K,
      op.LSH_K | op.SOURCE_X,
      op.RSH_K | op.SOURCE_X,
      op.DIV_K | op.SOURCE_X,
    ]) {
      // Six bits of nr against six bits of the first argument, so that the diagram stays small.
      const program = [
        instruction(op.LD_ABS, 16),
        instruction(op.AND_K, 0x3f),
        instruction(op.TAX),
        instruction(op.LD_ABS, 0),
        instruction(op.AND_K, 0x3f),
        instruction(code, 7),
        instruction(op.AND_K, 0xff),
        instruction(op.RET_A),
      ];
      const d = new Diagram();
      const result = liftProgram(program, d, 'little');
      if (result.tooComplex) throw new Error('too complex');
      for (let nr = 0; nr < 64; nr += 3)
        for (let x = 0n; x < 64n; x += 5n) {
          const call = { arch: 0, nr, args: [x, 0n, 0n, 0n, 0n, 0n] };
          expect(d.evaluate(result.root, call)).toBe(runProgram(program, call, 'little').word);
        }
    }
  });

  it('gives up on programs that compute too much, within bounds', () => {
    const hard = [
      instruction(op.LD_ABS, 16),
      instruction(op.TAX),
      instruction(op.LD_ABS, 24),
      instruction(op.MUL_K | op.SOURCE_X),
      instruction(op.RET_A),
    ];
    expect(liftProgram(hard, new Diagram(1 << 16), 'little').tooComplex).toEqual({ at: 3 });
  });
});
