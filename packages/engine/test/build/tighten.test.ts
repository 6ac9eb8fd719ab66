import { recordingOf } from '@callgate/testing/recordings';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { explainCall } from '../../src/analysis/explain.ts';
import { type BuildOptions, type Synthesis, synthesize } from '../../src/build/synthesize.ts';
import { type TightCall, tighten } from '../../src/build/tighten.ts';
import { lowerProfile } from '../../src/policy/lower.ts';
import type { Policy } from '../../src/policy/policy.ts';
import { parseProfile } from '../../src/profile/parse.ts';
import type { Condition, Profile, Rule } from '../../src/profile/profile.ts';
import { stringifyProfile } from '../../src/profile/stringify.ts';
import {
  type Observation,
  parseRecording,
  type Recording,
  stringifyRecording,
} from '../../src/recording/recording.ts';
import type { Target } from '../../src/runtime/target.ts';
import { type AbiName, abiOf } from '../../src/syscalls/arch.ts';
import { numberOf } from '../../src/syscalls/lookup.ts';

const SEED = Number(process.env.CALLGATE_SEED ?? 20261122);
const RUNS = Number(process.env.CALLGATE_FUZZ ?? 300);
const TARGET: Target = {
  native: 'x86_64',
  abis: ['x86_64', 'x86', 'x32'],
  kernel: { major: 6, minor: 18 },
  capabilities: [],
};
const INT = 0xffff_ffffn;
const LONG = 0xffff_ffff_ffff_ffffn;
const OPTIONS = { minRuns: 1, mostValues: 16 };

/** linux/*.h and asm/*.h, not callgate's tables. */
const AF_UNIX = 1n;
const AF_INET = 2n;
const SOCK_STREAM = 1n;
const SOCK_DGRAM = 2n;
const SOCK_CLOEXEC = 0o2000000n;
const SIGCHLD = 17n;
const CLONE_VM = 0x100n;
const CLONE_NEWUSER = 0x1000_0000n;
/** Beyond 32 bits, though only clone3 obeys it. */
const CLONE_INTO_CGROUP = 0x2_0000_0000n;
const F_GETFL = 3n;
const F_DUPFD_CLOEXEC = 1030n;
const PROT_READ = 1n;
const PROT_WRITE = 2n;
const PROT_EXEC = 4n;

type Value = bigint | null;

function seen(
  name: string,
  tuples?: readonly (readonly Value[])[],
  also: Partial<Observation> = {},
): Observation {
  const arch = also.arch ?? 'x86_64';
  return {
    arch,
    nr: numberOf(arch, name)!,
    name,
    count: tuples?.length ?? 1,
    phase: 'run',
    denied: 0,
    ...(tuples && { args: tuples.map((t) => ({ values: t.map((v) => v?.toString() ?? null), count: 1 })) }),
    ...also,
  };
}

const recording = (...observations: Observation[]) => recordingOf(observations);

function build(recordings: readonly [Recording, ...Recording[]], options: BuildOptions = {}): Synthesis {
  return synthesize(recordings, { tighten: OPTIONS, ...options });
}

/** What a runtime makes of the profile as it is written to the file. */
function policyOf(profile: Profile, target: Target = TARGET): Policy {
  const read = parseProfile(stringifyProfile(profile));
  expect(read.diagnostics.filter((d) => d.severity === 'error')).toEqual([]);
  const { value, diagnostics } = lowerProfile(read.value!, target);
  expect(diagnostics.filter((d) => d.severity === 'error')).toEqual([]);
  return value!;
}

/** Missing arguments are zero. */
function asked(policy: Policy, arch: AbiName, name: string, ...args: readonly bigint[]): string {
  const all = Array.from({ length: 6 }, (_, i) => BigInt.asUintN(64, args[i] ?? 0n));
  return explainCall(policy, { arch: abiOf(arch).auditArch, nr: numberOf(arch, name)!, args: all }).action;
}

const rulesOf = ({ profile }: Synthesis, name: string): Rule[] =>
  profile.rules.filter((r) => r.action.value === 'ALLOW' && r.names.some((n) => n.value === name));

const plain = ({ argument, operator, value, valueTwo }: Condition) => ({
  argument,
  operator,
  value,
  valueTwo,
});
const conditionsOf = (made: Synthesis, name: string) =>
  rulesOf(made, name).map((r) => r.conditions.map(plain));
const isUnconditional = (made: Synthesis, name: string) =>
  rulesOf(made, name).length === 1 && rulesOf(made, name)[0].conditions.length === 0;
const equals = (argument: number, valueTwo: bigint, value = INT) => ({
  argument,
  operator: 'MASKED_EQ',
  value,
  valueTwo,
});
const note = (calls: readonly TightCall[], name: string, argument: number) =>
  calls.find((c) => c.name === name)!.notes.find((n) => n.argument === argument)!;

describe('an enumeration', () => {
  it('becomes one comparison a value, under the 32 bits that the kernel looks at', () => {
    const made = build([
      recording(
        seen('fcntl', [
          [null, F_GETFL],
          [null, F_DUPFD_CLOEXEC],
          [null, F_GETFL],
        ]),
      ),
    ]);
    expect(conditionsOf(made, 'fcntl')).toEqual([[equals(1, F_GETFL)], [equals(1, F_DUPFD_CLOEXEC)]]);
  });

  it('names an option by the level that it was set on', () => {
    const [SOL_SOCKET, SOL_TCP, SOL_UDP] = [1n, 6n, 17n];
    const call = seen('setsockopt', [
      [null, SOL_SOCKET, 2n],
      [null, SOL_TCP, 1n],
      [null, SOL_UDP, 1n],
    ]);
    const { values } = note(tighten([recording(call)], { minRuns: 1, mostValues: 16 }), 'setsockopt', 2)!;
    expect(new Set(values)).toEqual(new Set(['SO_REUSEADDR', 'TCP_NODELAY', '1']));
  });

  it('keeps the values that were seen together', () => {
    const made = build([
      recording(
        seen('socket', [
          [AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0n],
          [AF_INET, SOCK_DGRAM, 17n],
        ]),
      ),
    ]);
    expect(conditionsOf(made, 'socket')).toEqual([
      [equals(0, AF_UNIX), equals(1, SOCK_STREAM | SOCK_CLOEXEC), equals(2, 0n)],
      [equals(0, AF_INET), equals(1, SOCK_DGRAM), equals(2, 17n)],
    ]);
    const policy = policyOf(made.profile);
    expect(asked(policy, 'x86_64', 'socket', AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC)).toBe('ALLOW');
    expect(asked(policy, 'x86_64', 'socket', AF_UNIX, SOCK_DGRAM, 17n)).toBe('ERRNO');
  });

  it('takes -1 as the kernel does, however wide it was written', () => {
    for (const minusOne of [INT, LONG]) {
      const made = build([recording(seen('personality', [[minusOne]]))]);
      expect(conditionsOf(made, 'personality')).toEqual([[equals(0, INT)]]);
    }
  });

  it('of 64 bits is compared whole', () => {
    const made = build([recording(seen('ptrace', [[0x4206n]]))]);
    expect(conditionsOf(made, 'ptrace')).toEqual([[equals(0, 0x4206n, LONG)]]);
    expect(asked(policyOf(made.profile), 'x86_64', 'ptrace', 0x1_0000_4206n)).toBe('ERRNO');
  });

  it('counts values that differ only where the kernel does not look as one', () => {
    const garbage = Array.from({ length: 40 }, (_, i) => [null, (BigInt(i) << 32n) | F_GETFL]);
    const made = build([recording(seen('fcntl', garbage))], { tighten: { minRuns: 1, mostValues: 2 } });
    expect(conditionsOf(made, 'fcntl')).toEqual([[equals(1, F_GETFL)]]);
  });
});

describe('flags', () => {
  it('become one comparison: no bit that was never seen', () => {
    const made = build([
      recording(
        seen('mprotect', [
          [null, null, PROT_READ],
          [null, null, PROT_WRITE],
        ]),
      ),
    ]);
    expect(conditionsOf(made, 'mprotect')).toEqual([
      [equals(2, 0n, BigInt.asUintN(64, ~(PROT_READ | PROT_WRITE)))],
    ]);
    const policy = policyOf(made.profile);
    for (const prot of [0n, PROT_READ, PROT_WRITE, PROT_READ | PROT_WRITE])
      expect(asked(policy, 'x86_64', 'mprotect', 0n, 0n, prot)).toBe('ALLOW');
    expect(asked(policy, 'x86_64', 'mprotect', 0n, 0n, PROT_READ | PROT_EXEC)).toBe('ERRNO');
  });

  it('of 64 bits are judged in all of them', () => {
    const made = build([recording(seen('clone', [[CLONE_VM | SIGCHLD], [CLONE_INTO_CGROUP | SIGCHLD]]))]);
    const all = CLONE_VM | CLONE_INTO_CGROUP | SIGCHLD;
    expect(conditionsOf(made, 'clone')).toEqual([[equals(0, 0n, BigInt.asUintN(64, ~all))]]);
    const policy = policyOf(made.profile);
    expect(asked(policy, 'x86_64', 'clone', all)).toBe('ALLOW');
    expect(asked(policy, 'x86_64', 'clone', CLONE_NEWUSER | SIGCHLD)).toBe('ERRNO');
    expect(asked(policy, 'x86_64', 'clone', 0x4_0000_0000n | SIGCHLD)).toBe('ERRNO');
  });

  it('of 32 bits are judged in 32', () => {
    const made = build([recording(seen('setns', [[null, 0x4000_0000n]]))]);
    expect(conditionsOf(made, 'setns')).toEqual([[equals(1, 0n, INT & ~0x4000_0000n)]]);
    const policy = policyOf(made.profile);
    expect(asked(policy, 'x86_64', 'setns', 5n, 0xdead_beef_4000_0000n)).toBe('ALLOW');
    expect(asked(policy, 'x86_64', 'setns', 5n, 0x1000_0000n)).toBe('ERRNO');
  });

  it('are not bounded by the number of values', () => {
    const tuples = Array.from({ length: 8 }, (_, i) => [null, null, BigInt(i)]);
    const made = build([recording(seen('mprotect', tuples))], { tighten: { minRuns: 1, mostValues: 1 } });
    expect(conditionsOf(made, 'mprotect')).toEqual([[equals(2, 0n, BigInt.asUintN(64, ~7n))]]);
  });
});

describe('how much must be known', () => {
  const one = () => recording(seen('personality', [[8n]]));

  it('so many runs', () => {
    const two = { tighten: { minRuns: 2, mostValues: 16 } };
    expect(isUnconditional(build([one()], two), 'personality')).toBe(true);
    expect(conditionsOf(build([one(), one()], two), 'personality')).toEqual([[equals(0, 8n)]]);
  });

  it('the same call twice in a recording is one run', () => {
    const twice = recording(seen('personality', [[8n]]), seen('personality', [[8n]], { arch: 'x86' }));
    expect(isUnconditional(build([twice], { tighten: { minRuns: 2, mostValues: 16 } }), 'personality')).toBe(
      true,
    );
  });

  it('runs that do not show the call do not count', () => {
    const made = build([one(), recording(seen('read')), recording(seen('read'))], {
      tighten: { minRuns: 2, mostValues: 16 },
    });
    expect(isUnconditional(made, 'personality')).toBe(true);
  });

  it('at most so many values', () => {
    const options = (n: number) => tighten([many], { minRuns: 1, mostValues: n });
    const many = recording(
      seen('ioctl', [
        [null, 0x5401n],
        [null, 0x5413n],
        [null, 0x541bn],
      ]),
    );
    expect(options(3)[0].alternatives).toHaveLength(3);
    expect(options(2)[0].alternatives).toEqual([]);
    expect(note(options(2), 'ioctl', 1)).toMatchObject({ kept: false, why: expect.stringContaining('3') });
  });

  it('the widest of several arguments is given up first', () => {
    const protocols = Array.from({ length: 6 }, (_, i) => [AF_INET, SOCK_DGRAM, BigInt(i)]);
    const made = build([recording(seen('socket', protocols))], { tighten: { minRuns: 1, mostValues: 4 } });
    expect(conditionsOf(made, 'socket')).toEqual([[equals(0, AF_INET), equals(1, SOCK_DGRAM)]]);
  });

  it('every value: one that was not understood gives up the argument, and no other', () => {
    const made = build([
      recording(
        seen('socket', [
          [AF_UNIX, null, 0n],
          [AF_UNIX, SOCK_STREAM, 0n],
        ]),
      ),
    ]);
    expect(conditionsOf(made, 'socket')).toEqual([[equals(0, AF_UNIX), equals(2, 0n)]]);
    expect(note(made.conditions, 'socket', 1)).toMatchObject({ kept: false });
  });

  it('a tuple without values stands for calls of which nothing is known', () => {
    expect(isUnconditional(build([recording(seen('personality', [[8n], []]))]), 'personality')).toBe(true);
  });
});

describe('a call whose arguments another recording does not know', () => {
  it.each([
    ['a log that has only names', recording(seen('personality'))],
    ['another ABI', recording(seen('personality', undefined, { arch: 'x86' }))],
    ['docker exec', recording(seen('personality', undefined, { phase: 'exec' }))],
  ])('stays unconditional: %s', (_what, blind) => {
    const known = recording(seen('personality', [[8n]]));
    for (const order of [[known, known, blind] as const, [blind, known, known] as const]) {
      const made = build([...order], { tighten: { minRuns: 2, mostValues: 16 } });
      expect(isUnconditional(made, 'personality')).toBe(true);
    }
  });
});

describe('what never becomes a condition', () => {
  it('descriptors, sizes, pointers, counts', () => {
    const tuple = [1n, 2n, 3n, 4n, 5n, 6n];
    const names =
      'read write openat mmap mprotect close connect sendto ioctl fcntl setsockopt bpf prlimit64'.split(' ');
    const made = build([recording(...names.map((name) => seen(name, [tuple])))]);
    const judged: Record<string, readonly number[]> = {};
    for (const { name, alternatives } of made.conditions)
      judged[name] = [...new Set(alternatives.flatMap((all) => all.map((c) => c.argument)))].sort();
    for (const name of ['read', 'write', 'openat', 'close', 'connect', 'sendto'])
      expect(isUnconditional(made, name)).toBe(true);
    // The positions that are descriptors, sizes, pointers or counts in the manual pages.
    const forbidden: Record<string, readonly number[]> = {
      mmap: [0, 1, 4, 5],
      mprotect: [0, 1],
      ioctl: [0, 2],
      fcntl: [0, 2],
      setsockopt: [0, 3, 4],
      bpf: [1, 2],
      prlimit64: [0, 2, 3],
    };
    for (const [name, positions] of Object.entries(forbidden))
      for (const at of positions) expect(judged[name] ?? []).not.toContain(at);
  });

  it.each(['clone3', 'openat2'])('%s: its flags lie in memory', (name) => {
    const made = build([recording(seen(name, [[0x7ffe_0000n, 88n, 0n, 24n]]))]);
    expect(isUnconditional(made, name)).toBe(true);
  });

  it("i386's old mmap, whose only argument is a pointer", () => {
    const old = seen('mmap', [[null, null, PROT_READ, 0x22n]], { arch: 'x86' });
    const made = build([recording(old, seen('mmap', [[null, null, PROT_READ, 0x22n]]))]);
    const policy = policyOf(made.profile);
    // What stands in edx and esi is whatever the program last left there.
    expect(asked(policy, 'x86', 'mmap', 0xffff_d000n, 0n, 0x1234_5678n, 0x9abc_def0n)).toBe('ALLOW');
  });

  it('what was recorded of the runtime, when its floor is known better', () => {
    const floor = { runtime: 'runc', release: '1.1.5', noNewPrivs: true };
    const foreign = seen('personality', [[8n]], { phase: 'runtime' });
    const made = build([recording(seen('read'), foreign)], { floor });
    expect(made.reasons.has('personality')).toBe(false);
    expect(rulesOf(made, 'personality')).toEqual([]);
  });
});

describe('a call that is there for another reason too', () => {
  const all = recording(
    seen('prctl', [[15n]]),
    seen('fcntl', [[null, 3n]]),
    seen('ioctl', [[null, 0x5401n]]),
    seen('clone', [[SIGCHLD]]),
    seen('personality', [[8n]]),
  );

  it.each([
    [['prctl', 'fcntl'], { runtime: 'runc', release: '1.1.5', noNewPrivs: false }],
    [[], { runtime: 'runc', release: '1.1.5', noNewPrivs: true }],
    [['prctl'], { runtime: 'crun', release: '1.8.1', noNewPrivs: false }],
    [['prctl', 'ioctl'], { runtime: 'crun', release: '1.8.1', noNewPrivs: true, exec: true }],
    [['clone', 'ioctl', 'fcntl'], { runtime: 'docker', noNewPrivs: true, init: true }],
  ])('stays unconditional: %j of the floor', (names, floor) => {
    const made = build([all], { floor });
    for (const name of ['prctl', 'fcntl', 'ioctl', 'clone', 'personality'])
      expect([name, isUnconditional(made, name)]).toEqual([name, names.includes(name)]);
  });

  it('by hand, and by the runtime while it was recorded', () => {
    expect(isUnconditional(build([all], { allow: ['personality'] }), 'personality')).toBe(true);
    const runtime = recording(
      seen('personality', [[8n]]),
      seen('personality', undefined, { phase: 'runtime' }),
    );
    expect(isUnconditional(build([runtime]), 'personality')).toBe(true);
  });

  it('what any process needs has no conditions', () => {
    const made = build([
      recording(seen('clock_gettime', [[1n]]), seen('execve', [[1n]]), seen('time', [[0n]])),
    ]);
    for (const name of ['clock_gettime', 'execve', 'time']) expect(isUnconditional(made, name)).toBe(true);
  });
});

describe('what a filter denied', () => {
  it('is no reason for a condition', () => {
    const made = build([
      recording(seen('personality', [[8n]]), seen('ptrace', [[16n]], { count: 0, denied: 1 })),
    ]);
    expect(made.deniedOnly).toEqual(['ptrace']);
    expect(rulesOf(made, 'ptrace')).toEqual([]);
  });

  it('is allowed with its arguments when that is asked for', () => {
    const done = seen('socket', [[AF_UNIX, SOCK_STREAM, 0n]]);
    const refused = seen('socket', [[AF_INET, SOCK_STREAM, 0n]], { count: 0, denied: 1 });
    for (const recordings of [
      [recording(done), recording(refused)] as const,
      [recording(refused), recording(done)] as const,
    ]) {
      const policy = policyOf(build([...recordings], { withDenied: true }).profile);
      expect(asked(policy, 'x86_64', 'socket', AF_UNIX, SOCK_STREAM)).toBe('ALLOW');
      expect(asked(policy, 'x86_64', 'socket', AF_INET, SOCK_STREAM)).toBe('ALLOW');
    }
  });
});

describe('other ABIs', () => {
  it("s390x swaps clone's stack and flags, so they do not get x86_64's condition", () => {
    const made = build([recording(seen('clone', [[CLONE_VM | SIGCHLD]]))], { abis: ['x86_64', 's390x'] });
    const policy = policyOf(made.profile, { ...TARGET, native: 's390x', abis: ['s390x'] });
    // kernel/fork.c, CONFIG_CLONE_BACKWARDS2: clone(newsp, clone_flags, …).
    expect(asked(policy, 's390x', 'clone', 0x3ff_8000_0000n, CLONE_VM | SIGCHLD)).toBe('ALLOW');
  });

  it('i386 calls by another name get the same conditions', () => {
    const made = build([
      recording(
        seen('fcntl64', [[null, 3n]], { arch: 'x86' }),
        seen('mmap2', [[null, null, 1n, 2n]], { arch: 'x86' }),
      ),
    ]);
    expect(conditionsOf(made, 'fcntl64')).toEqual([[equals(1, 3n)]]);
    const policy = policyOf(made.profile);
    expect(asked(policy, 'x86', 'mmap2', 0n, 4096n, 1n, 2n)).toBe('ALLOW');
    expect(asked(policy, 'x86', 'mmap2', 0n, 4096n, 5n, 2n)).toBe('ERRNO');
  });
});

describe('values no register holds', () => {
  it('are refused, or make a profile that can be read', () => {
    const forged = recording(seen('ptrace', [[99_999_999_999_999_999_999n]]));
    const { value } = parseRecording(stringifyRecording(forged));
    if (value) policyOf(build([value]).profile);
  });
});

/** The arguments of every call that is worth conditions, with the bits that the kernel looks at (its prototypes). */
const SHAPES: readonly (readonly [name: string, ...args: (readonly [at: number, bits: 32 | 64])[]])[] = [
  ['socket', [0, 32], [1, 32], [2, 32]],
  ['socketpair', [0, 32], [1, 32], [2, 32]],
  ['clone', [0, 64]],
  ['unshare', [0, 64]],
  ['setns', [1, 32]],
  ['prctl', [0, 32]],
  ['ioctl', [1, 32]],
  ['fcntl', [1, 32]],
  ['personality', [0, 32]],
  ['mprotect', [2, 64]],
  ['madvise', [2, 32]],
  ['keyctl', [0, 32]],
  ['ptrace', [0, 64]],
  ['bpf', [0, 32]],
  ['setsockopt', [1, 32], [2, 32]],
  ['getsockopt', [1, 32], [2, 32]],
  ['arch_prctl', [0, 32]],
  ['prlimit64', [1, 32]],
  ['seccomp', [0, 32]],
  ['shmctl', [1, 32]],
];
const ABIS: readonly AbiName[] = ['x86_64', 'x86', 'x32'];
const small = fc.bigInt(0n, 20n);
const wide = fc.constantFrom(INT, 0x8000_0000n, CLONE_NEWUSER, 0x5401n, 1030n, 0x7fff_ffffn);
const garbage = fc.constantFrom(0n, 1n, 0xffff_ffffn, 0xdead_beefn, 0x8000_0000n);

/** A call with random values where they matter; on 64-bit ABIs with anything in the upper halves of ints. */
const call = fc
  .record({
    shape: fc.constantFrom(...SHAPES),
    arch: fc.constantFrom(...ABIS),
    values: fc.array(
      fc.tuple(fc.oneof({ weight: 4, arbitrary: small }, { weight: 1, arbitrary: wide }), garbage),
      { minLength: 6, maxLength: 6 },
    ),
    blind: fc.integer({ min: 0, max: 19 }),
  })
  .map(({ shape: [name, ...positions], arch, values, blind }) => {
    const length = Math.max(...positions.map(([at]) => at)) + 1;
    const args: Value[] = Array.from({ length }, () => null);
    positions.forEach(([at, bits], i) => {
      const [low, high] = values[i];
      if (blind !== i)
        args[at] = arch === 'x86' ? low : bits === 32 || name === 'clone' ? (high << 32n) | low : low;
    });
    return { name, arch, args };
  })
  .filter(({ name, arch }) => numberOf(arch, name) !== undefined);
const runs = fc.array(fc.array(call, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 4 });

function recorded(calls: readonly { name: string; arch: AbiName; args: Value[] }[]): Recording {
  const byCall = new Map<string, { name: string; arch: AbiName; tuples: Value[][] }>();
  for (const { name, arch, args } of calls) {
    const key = `${arch} ${name}`;
    byCall.set(key, { name, arch, tuples: [...(byCall.get(key)?.tuples ?? []), args] });
  }
  return recording(...[...byCall.values()].map(({ name, arch, tuples }) => seen(name, tuples, { arch })));
}

describe('a built profile', () => {
  const options = fc.record({
    minRuns: fc.integer({ min: 1, max: 3 }),
    mostValues: fc.integer({ min: 1, max: 6 }),
  });

  it('allows every recorded call with every recorded argument, whatever stands where the kernel does not look', () => {
    fc.assert(
      fc.property(runs, options, garbage, (lists, how, high) => {
        const recordings = lists.map(recorded) as [Recording, ...Recording[]];
        const policy = policyOf(build(recordings, { tighten: how }).profile);
        for (const { name, arch, args } of lists.flat()) {
          const shape = SHAPES.find(([n]) => n === name)!.slice(1) as (readonly [number, number])[];
          const given = args.map((v) => v ?? high);
          expect([name, arch, given, asked(policy, arch, name, ...given)]).toEqual([
            name,
            arch,
            given,
            'ALLOW',
          ]);
          if (arch === 'x86') continue;
          const dirty = given.map((v, at) =>
            shape.some(([a, bits]) => a === at && bits === 64) ? v : (high << 32n) | (v & INT),
          );
          expect([name, arch, dirty, asked(policy, arch, name, ...dirty)]).toEqual([
            name,
            arch,
            dirty,
            'ALLOW',
          ]);
        }
      }),
      { seed: SEED, numRuns: RUNS },
    );
  });

  it('denies a value that was never seen, for every argument that was kept', () => {
    fc.assert(
      fc.property(runs, (lists) => {
        const recordings = lists.map(recorded) as [Recording, ...Recording[]];
        const made = build(recordings);
        const policy = policyOf(made.profile);
        for (const { name, notes, alternatives } of made.conditions)
          for (const { argument } of notes.filter(({ kept }) => kept)) {
            expect(alternatives.length).toBeGreaterThan(0);
            const mine = lists.flat().filter((c) => c.name === name);
            const [, bits] = (
              SHAPES.find(([n]) => n === name)!.slice(1) as (readonly [number, number])[]
            ).find(([at]) => at === argument)!;
            // libseccomp compares 32 bits on x32 too.
            const width = mine[0].arch === 'x86_64' ? bits : 32;
            const cut = (v: Value) => BigInt.asUintN(bits, v ?? 0n);
            const all = mine.reduce((joined, c) => joined | cut(c.args[argument]), 0n);
            // A bit that no value had is a new flag and a new value; were there none, there would be nothing to deny.
            const free = Array.from({ length: width }, (_, i) => 1n << BigInt(i)).find(
              (bit) => (all & bit) === 0n,
            );
            if (free === undefined) continue;
            const args = mine[0].args.map((v, at) => (at === argument ? (v ?? 0n) | free : (v ?? 0n)));
            expect([name, argument, args, asked(policy, mine[0].arch, name, ...args)]).toEqual([
              name,
              argument,
              args,
              'ERRNO',
            ]);
          }
      }),
      { seed: SEED, numRuns: RUNS },
    );
  });

  it('does not depend on the order of the runs', () => {
    fc.assert(
      fc.property(runs, options, (lists, how) => {
        const recordings = lists.map(recorded) as [Recording, ...Recording[]];
        const names = (made: Synthesis) =>
          made.conditions
            .map(
              ({ name, alternatives }) =>
                `${name} ${alternatives
                  .map((a) => a.map((c) => `${c.argument}:${c.value}:${c.valueTwo}`).join(','))
                  .sort()
                  .join('|')}`,
            )
            .sort();
        const backwards = recordings.toReversed() as [Recording, ...Recording[]];
        expect(names(build(backwards, { tighten: how }))).toEqual(names(build(recordings, { tighten: how })));
      }),
      { seed: SEED, numRuns: RUNS },
    );
  });
});
