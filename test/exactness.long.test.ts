import { ACTION_KINDS, actionOfWord } from '@callgate/engine/internal/bpf/action';
import type { Program } from '@callgate/engine/internal/bpf/instruction';
import { MAX_INSTRUCTIONS } from '@callgate/engine/internal/bpf/opcodes';
import { verifyProgram } from '@callgate/engine/internal/bpf/verify';
import { runProgram } from '@callgate/engine/internal/bpf/vm';
import { compilePolicy } from '@callgate/engine/internal/compile/compile';
import { liftProgram } from '@callgate/engine/internal/lift/symbolic-execution';
import { lowerProfile } from '@callgate/engine/internal/policy/lower';
import type { Policy } from '@callgate/engine/internal/policy/policy';
import { parseProfile } from '@callgate/engine/internal/profile/parse';
import { answer } from '@callgate/testing/behaviour';
import { boundaryCalls } from '@callgate/testing/boundary-calls';
import { NaiveFilter, type PlainCall, type PlainRule } from '@callgate/testing/naive-evaluator';
import { ABI_SETS, type Case, profileText, randomCase } from '@callgate/testing/random-profiles';
import { Random } from '@callgate/testing/random-programs';
import { describe, expect, it } from 'vitest';

const SEED = Number(process.env.CALLGATE_SEED ?? 20261122);
/** 2,000 is all of them. */
const RUNS = Number(process.env.CALLGATE_FUZZ ?? 400);
const CALLS = 1000;
/** Profiles for which one rule of the naive reading is changed. */
const ALTERED = 40;

/** What the runs have met, so that a fuzz that meets nothing fails. */
const met = {
  runs: 0,
  refused: 0,
  /** Rules that libseccomp refuses for where they stand in its tree; libseccomp.test.ts asks it. */
  collisions: 0,
  calls: 0,
  /** Profiles in which some call is claimed by rules with different actions. */
  overlapping: 0,
  /** Those in which the first claim in the order of the file is not the one that wins. */
  reordered: 0,
  tooLong: 0,
  kinds: new Map<string, number>(),
};

/** What callgate makes of a case: a policy, or the code of the error for which it refuses the profile. */
function lowered(text: string, { machine }: Case): { policy?: Policy; code?: string } {
  const parsed = parseProfile(text, { unknownNames: 'skip' });
  if (!parsed.value) throw new Error(parsed.diagnostics[0].message);
  const { value, diagnostics } = lowerProfile(parsed.value, {
    native: machine.native,
    kernel: { major: 6, minor: 18 },
    capabilities: [],
    runtime: { name: machine.runtime },
  });
  return value ? { policy: value } : { code: diagnostics.find((d) => d.severity === 'error')?.code };
}

/** Where the policy, its program, the program's lift and the naive filter disagree on a case, if anywhere. */
function disagreement(subject: Case, naive: NaiveFilter, calls: readonly PlainCall[]): string | undefined {
  try {
    return compared(subject, naive, calls);
  } catch (error) {
    // What throws is shrunk like any other fault.
    return error instanceof Error ? error.stack : String(error);
  }
}

function compared(subject: Case, naive: NaiveFilter, calls: readonly PlainCall[]): string | undefined {
  const { policy, code } = lowered(profileText(subject), subject);
  if (naive.refusedAt !== undefined)
    return code === 'rule-conflict'
      ? undefined
      : `rule ${naive.refusedAt} contradicts an earlier one: ${code}`;
  if (!policy) return `callgate refuses the profile: ${code}`;
  const program = compilePolicy(policy).program;
  if (program.length > MAX_INSTRUCTIONS) met.tooLong++;
  else {
    const fault = verifyProgram(program);
    if (fault) return `the kernel would refuse the program at ${fault.at}: ${fault.why}`;
    const lift = liftProgram(program, policy.diagram, policy.endian);
    if (lift.tooComplex || lift.root !== policy.root) return 'the lift of the program is another policy';
  }
  return firstOf(calls, (call) => disagreementOn(call, policy, program, naive));
}

function disagreementOn(call: PlainCall, policy: Policy, program: Program, naive: NaiveFilter) {
  const expected = naive.answer(call);
  const decided = policy.diagram.evaluate(policy.root, call);
  const returned = runProgram(program, call, policy.endian).word;
  if (decided === expected && returned === expected) return undefined;
  const args = call.args.map((a) => `0x${a.toString(16)}`).join(', ');
  const where = `arch 0x${call.arch.toString(16)} nr 0x${call.nr.toString(16)} (${args})`;
  return `${where}: policy ${answer(decided)}, program ${answer(returned)}, naive ${answer(expected)}`;
}

function firstOf<T, R>(list: readonly T[], find: (element: T) => R | undefined): R | undefined {
  for (const element of list) {
    const found = find(element);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The case with other rules. */
function withRules(subject: Case, syscalls: readonly PlainRule[]): Case {
  return { ...subject, profile: { ...subject.profile, syscalls } };
}

/** The case without one of its rules, conditions or names. */
function smallerCases(subject: Case): Case[] {
  const { syscalls } = subject.profile;
  return syscalls.flatMap((rule, i) => {
    const shorter = rule.args.map((_, at) => ({ ...rule, args: rule.args.toSpliced(at, 1) }));
    const fewer = rule.names.length > 1 ? rule.names.map((name) => ({ ...rule, names: [name] })) : [];
    const changed = [...shorter, ...fewer].map((other) => withRules(subject, syscalls.with(i, other)));
    return [withRules(subject, syscalls.toSpliced(i, 1)), ...changed];
  });
}

/** As little of the case as still disagrees. */
function shrunk(subject: Case, calls: readonly PlainCall[]): Case {
  const smaller = smallerCases(subject).find((other) => disagreement(other, filterOf(other), calls));
  return smaller ? shrunk(smaller, calls) : subject;
}

const filterOf = ({ profile, machine }: Case) => new NaiveFilter(profile, machine);

function expectAgreement(subject: Case, naive: NaiveFilter, calls: readonly PlainCall[], run: string): void {
  if (!disagreement(subject, naive, calls)) return;
  const small = shrunk(subject, calls);
  const fault = disagreement(small, filterOf(small), calls);
  throw new Error(`${run}, ${JSON.stringify(small.machine)}\n${fault}\n${profileText(small)}`);
}

/** The rule to take out of a case that is refused: one that contradicts another, or that libseccomp takes for such. */
function refusedAt(subject: Case, naive: NaiveFilter): number | undefined {
  if (naive.refusedAt !== undefined) return naive.refusedAt;
  const { syscalls } = subject.profile;
  const refuses = (count: number) => {
    const part = withRules(subject, syscalls.slice(0, count));
    return lowered(profileText(part), part).code === 'rule-conflict';
  };
  if (!refuses(syscalls.length)) return undefined;
  met.collisions++;
  return syscalls.findIndex((_, i) => refuses(i + 1));
}

/** The case's profile as it is, and where it is refused, what is left once its contradictions are taken out. */
function check(run: number): void {
  const random = new Random(SEED + run);
  const label = `CALLGATE_SEED=${SEED}, run ${run}`;
  let subject = randomCase(random, ABI_SETS[run % ABI_SETS.length]);
  let naive = filterOf(subject);
  met.runs++;
  if (naive.refusedAt !== undefined) {
    met.refused++;
    expectAgreement(subject, naive, [], label);
  }
  for (let at = refusedAt(subject, naive); at !== undefined; at = refusedAt(subject, naive)) {
    subject = withRules(subject, subject.profile.syscalls.toSpliced(at, 1));
    naive = filterOf(subject);
  }
  const calls = boundaryCalls(random, subject.profile, naive, CALLS);
  expectAgreement(subject, naive, calls, label);
  count(naive, calls);
}

function count(naive: NaiveFilter, calls: readonly PlainCall[]): void {
  let overlaps = false;
  let reorders = false;
  for (const call of calls) {
    const word = naive.answer(call);
    const { kind } = actionOfWord(word);
    met.kinds.set(kind, (met.kinds.get(kind) ?? 0) + 1);
    const claims = naive.claims(call);
    overlaps ||= new Set(claims).size > 1;
    reorders ||= claims.length > 0 && claims[0] !== word;
  }
  met.calls += calls.length;
  if (overlaps) met.overlapping++;
  if (reorders) met.reordered++;
}

/** The case with another action for one of its rules. */
function altered(random: Random, subject: Case): Case {
  const { syscalls } = subject.profile;
  const at = random.below(syscalls.length);
  return withRules(subject, syscalls.with(at, { ...syscalls[at], action: 'ERRNO', errnoRet: 99 }));
}

describe(`of ${RUNS} random profiles, policy, program, lift and a naive reading agree`, () => {
  it.each(ABI_SETS.map((abis, set) => [abis.join(', '), set] as const))(
    'on %s',
    (_, set) => {
      for (let run = set; run < RUNS; run += ABI_SETS.length) check(run);
    },
    60_000 + RUNS * 200,
  );

  // A handful of profiles cannot meet everything.
  it.skipIf(RUNS < 100)('having met enough to mean it', () => {
    expect(met.runs).toBe(RUNS);
    expect(met.calls).toBe(RUNS * CALLS);
    expect(met.tooLong / RUNS).toBeLessThan(0.01);
    expect(met.refused / RUNS).toBeGreaterThan(0.15);
    expect(met.collisions / RUNS).toBeLessThan(0.1);
    expect(met.overlapping / RUNS).toBeGreaterThan(0.25);
    expect(met.reordered / RUNS).toBeGreaterThan(0.15);
    for (const kind of ACTION_KINDS)
      expect((met.kinds.get(kind) ?? 0) / met.calls, kind).toBeGreaterThan(0.02);
  });

  it('and a reading that is wrong in one rule does not', () => {
    let noticed = 0;
    for (let run = 0; run < ALTERED; run++) {
      const random = new Random(SEED - 1 - run);
      const subject = randomCase(random, ABI_SETS[run % ABI_SETS.length]);
      const wrong = filterOf(altered(random, subject));
      const calls = boundaryCalls(random, subject.profile, wrong, CALLS);
      if (compared(subject, wrong, calls)) noticed++;
    }
    // Not all: some rules decide no call.
    expect(noticed / ALTERED).toBeGreaterThan(0.25);
  });
});
