import { inspect } from 'node:util';
import { type Instruction, instruction, type Program } from '@callgate/engine/internal/bpf/instruction';
import * as op from '@callgate/engine/internal/bpf/opcodes';
import { verifyProgram } from '@callgate/engine/internal/bpf/verify';
import { runProgram } from '@callgate/engine/internal/bpf/vm';
import { compilePolicy } from '@callgate/engine/internal/compile/compile';
import { Diagram } from '@callgate/engine/internal/diagram/diagram';
import type { Call } from '@callgate/engine/internal/diagram/fields';
import { liftProgram } from '@callgate/engine/internal/lift/symbolic-execution';
import type { AbiName } from '@callgate/engine/internal/syscalls/arch';
import { DOCKER_PROFILE } from '@callgate/engine/stock';
import { loadFixture, lowerText } from '@callgate/testing/behaviour';
import { attachVerdicts, kernelVerdicts } from '@callgate/testing/kernel-verifier';
import { EDGES, type Kind, Random, randomPrograms } from '@callgate/testing/random-programs';
import { describe, expect, it } from 'vitest';

const SEED = Number(process.env.CALLGATE_SEED ?? 20261122);
/** A hundred thousand take a quarter of a minute; a few thousand are needed for every kind to meet every check. */
const BLOBS = Number(process.env.CALLGATE_BLOBS ?? 100_000);
const BATCH = 20_000;
const LIFTED = 3000;
const CALLS = 20;
/** So that a diagram that grows without bound ends soon. */
const MAX_NODES = 1 << 15;
/** How many reasons verifyProgram knows, numbers aside. */
const REASONS = 11;
const TIMEOUT_MS = 600_000;

interface Disagreement {
  readonly kernel: 'takes' | 'refuses';
  readonly callgate: string;
  readonly program: string;
}

const takes = (program: Program) => verifyProgram(program) === undefined;

function describeDisagreement(program: Program): Disagreement {
  const why = verifyProgram(program);
  return {
    kernel: why ? 'takes' : 'refuses',
    callgate: why ? `${why.at}: ${why.why}` : 'takes',
    program: program.map(({ code, jt, jf, k }) => `0x${code.toString(16)} ${jt} ${jf} ${k}`).join('; '),
  };
}

/** The programs on which kernel and callgate disagree, and the kernel's verdicts. */
async function judge(programs: readonly Program[]): Promise<{ verdicts: boolean[]; disputed: Program[] }> {
  const answers = kernelVerdicts(programs);
  const mine = programs.map(takes);
  const verdicts = await answers;
  return { verdicts, disputed: programs.filter((_, i) => verdicts[i] !== mine[i]) };
}

/** The program without the instructions that the disagreement does not need: ever smaller pieces are left out. */
async function smallest(program: Program): Promise<Program> {
  let current = program;
  // Single instructions of a program that stays long would be too many programs.
  for (let piece = current.length >> 1; piece > current.length >> 9; ) {
    const count = Math.ceil(current.length / piece);
    const shorter = Array.from({ length: count }, (_, i) => current.toSpliced(i * piece, piece));
    const { disputed } = await judge(shorter);
    if (disputed.length > 0) current = disputed[0];
    else piece >>= 1;
  }
  return current;
}

async function expectAgreement(disputed: readonly Program[]): Promise<void> {
  const [shortest] = disputed.toSorted((a, b) => a.length - b.length);
  const shown = shortest ? [describeDisagreement(await smallest(shortest))] : [];
  expect(shown, `${disputed.length} disagreements, one of them`).toEqual([]);
}

function* batches<T>(all: Iterable<T>): Generator<T[]> {
  let batch: T[] = [];
  for (const one of all) {
    if (batch.push(one) < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** Filters that people run, to be mutated. */
function realFilters(): Program[] {
  const docker = (abis: readonly AbiName[]) => lowerText(DOCKER_PROFILE, { abis });
  return [docker(['x86_64']), docker(['x86_64', 'x86', 'x32'])]
    .map((policy) => compilePolicy(policy).program)
    .concat(
      ['arguments', 'common-base', 'multiplexers'].map((name) => loadFixture(name).fixtures[0].program),
    );
}

const real = realFilters();

describe('verifyProgram against the kernel', () => {
  it('agrees on random and mutated programs', { timeout: TIMEOUT_MS }, async ({ annotate }) => {
    const tally = new Map<Kind, { taken: number; refused: number }>();
    const reasons = new Set<string>();
    const disputed: Program[] = [];
    for (const batch of batches(randomPrograms(SEED, BLOBS, real))) {
      const judged = await judge(batch.map(({ program }) => program));
      disputed.push(...judged.disputed);
      batch.forEach(({ kind, program }, i) => {
        const counts = tally.get(kind) ?? { taken: 0, refused: 0 };
        counts[judged.verdicts[i] ? 'taken' : 'refused']++;
        tally.set(kind, counts);
        const why = verifyProgram(program)?.why;
        if (why) reasons.add(why.replaceAll(/0x[0-9a-f]+|\d+/g, '#'));
      });
    }
    await annotate(`seed ${SEED}: ${JSON.stringify(Object.fromEntries(tally))}`);
    await expectAgreement(disputed);
    // Both verdicts must be numerous, or the agreement would mean little.
    const sum = (which: 'taken' | 'refused') =>
      [...tally.values()].reduce((n, counts) => n + counts[which], 0);
    expect(sum('taken') + sum('refused')).toBe(BLOBS);
    expect(sum('taken')).toBeGreaterThan(BLOBS / 5);
    expect(sum('refused')).toBeGreaterThan(BLOBS / 5);
    for (const counts of tally.values()) expect(counts.taken).toBeGreaterThan(0);
    expect([...reasons].sort()).toHaveLength(REASONS);
  });

  it('agrees on every opcode', { timeout: TIMEOUT_MS }, async () => {
    const around = (i: Instruction) => [instruction(op.ST), i, instruction(op.RET_K), instruction(op.RET_K)];
    const codes = Array.from({ length: 0x100 }, (_, code) => code);
    const programs = [
      ...Array.from({ length: 0x10000 }, (_, code) => around(instruction(code))),
      ...codes.flatMap((code) => EDGES.map((k) => around(instruction(code, k)))),
      ...codes.flatMap((code) => [0, 1, 2, 255].map((jt) => around(instruction(code, 0, jt, 2 - (jt & 3))))),
      ...codes.map((code) => [instruction(op.RET_K), instruction(code)]),
    ];
    let taken = 0;
    for (const batch of batches(programs)) {
      const { verdicts, disputed } = await judge(batch);
      await expectAgreement(disputed);
      taken += verdicts.filter(Boolean).length;
    }
    expect(taken).toBeGreaterThan(500);
  });

  it('is asked in a way that attaching confirms', async () => {
    const short = [...randomPrograms(SEED, 2000, real)]
      .map(({ program }) => program)
      .filter(({ length }) => length > 0 && length < 60)
      .slice(0, 500);
    const attached = await attachVerdicts(short);
    expect(attached).toEqual(await kernelVerdicts(short));
    expect(new Set(attached).size).toBe(2);
  });

  it('refuses what has no instruction or too many', async () => {
    const returns = (length: number) => Array.from({ length }, () => instruction(op.RET_K));
    const programs = [0, 1, 4095, 4096, 4097, 0xffff].map(returns);
    expect(await kernelVerdicts(programs)).toEqual([false, true, true, true, false, false]);
    expect(programs.map(takes)).toEqual([false, true, true, true, false, false]);
  });
});

describe('liftProgram on programs that the kernel takes', () => {
  it('ends, and decides as the VM', { timeout: TIMEOUT_MS }, async ({ annotate }) => {
    const random = new Random(SEED);
    const counts = { constant: 0, dependent: 0, tooComplex: 0 };
    for (const program of takenPrograms()) {
      const diagram = new Diagram(MAX_NODES);
      const lifted = liftProgram(program, diagram, 'little');
      if (lifted.tooComplex) {
        counts.tooComplex++;
        continue;
      }
      counts[diagram.isTerminal(lifted.root) ? 'constant' : 'dependent']++;
      for (const call of calls(random, program)) {
        const { word } = runProgram(program, call, 'little');
        if (diagram.evaluate(lifted.root, call) !== word)
          expect.fail(`${describeDisagreement(program).program} on ${inspect(call)}: not ${word}`);
      }
    }
    await annotate(`seed ${SEED}: ${JSON.stringify(counts)}`);
    expect(counts.dependent).toBeGreaterThan(LIFTED / 6);
    expect(counts.tooComplex).toBeGreaterThan(0);
  });
});

/** The first of the programs above that the kernel takes. */
function* takenPrograms(): Generator<Program> {
  let count = 0;
  for (const { program } of randomPrograms(SEED, BLOBS, real)) {
    if (!takes(program)) continue;
    if (count++ === LIFTED) return;
    yield program;
  }
}

/** Calls whose words are often those that the program compares with, or next to them. */
function calls(random: Random, program: Program): Call[] {
  const word = () => {
    const near = random.chance(0.8) ? random.pick(program).k + random.below(3) - 1 : random.pick(EDGES);
    return random.chance(0.2) ? random.word() : near >>> 0;
  };
  const wide = () => (BigInt(word()) << 32n) | BigInt(word());
  return Array.from({ length: CALLS }, () => ({
    arch: word(),
    nr: word(),
    ip: wide(),
    args: Array.from({ length: 6 }, wide),
  }));
}
