import { actionOfWord, executes } from '@callgate/engine/internal/bpf/action';
import { runProgram } from '@callgate/engine/internal/bpf/vm';
import { compilePolicy } from '@callgate/engine/internal/compile/compile';
import { gateChange, type Judgement } from '@callgate/engine/internal/lint/gate';
import { lintText } from '@callgate/engine/internal/lint/lint-text';
import { changesAsFindings } from '@callgate/engine/internal/report/gate';
import type { Target } from '@callgate/engine/internal/runtime/target';
import { abiOf } from '@callgate/engine/internal/syscalls/arch';
import { callsOf } from '@callgate/engine/internal/syscalls/lookup';
import { DOCKER_PROFILE } from '@callgate/engine/stock';
import { describe, expect, it } from 'vitest';

const TARGET: Target = { native: 'x86_64', kernel: { major: 6, minor: 12 }, capabilities: [] };
const ROUNDS = 300;

interface RuleDocument {
  names: string[];
  action: string;
  errnoRet?: number;
  args?: object[];
  includes?: object;
  excludes?: object;
}
interface ProfileDocument {
  defaultAction: string;
  syscalls: RuleDocument[];
}

/** A generator of numbers below a bound, the same each time. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const GOOD: readonly ProfileDocument[] = [
  JSON.parse(DOCKER_PROFILE),
  {
    defaultAction: 'SCMP_ACT_ERRNO',
    syscalls: [
      { names: ['read', 'write', 'close', 'exit_group', 'execve', 'openat'], action: 'SCMP_ACT_ALLOW' },
      {
        names: ['socket'],
        action: 'SCMP_ACT_ALLOW',
        args: [{ index: 0, value: 1, op: 'SCMP_CMP_EQ' }],
      },
      { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: 38 },
    ],
  },
];

function judged(document: ProfileDocument): Judgement {
  const [profile] = lintText('p.json', JSON.stringify(document), { target: TARGET });
  expect(profile.faults).toEqual([]);
  return { judged: profile.judged!, findings: profile.findings };
}

function copyOf(document: ProfileDocument): ProfileDocument {
  return structuredClone(document);
}

function pick<T>(random: (below: number) => number, all: readonly T[]): T {
  return all[random(all.length)];
}

/** Changes by which some call passes that did not; undefined where the profile has no place for it. */
const LOOSENING: readonly ((d: ProfileDocument, random: (below: number) => number) => void)[] = [
  (d, random) => {
    d.syscalls.push({ names: [pick(random, callsOf('x86_64'))[0]], action: 'SCMP_ACT_ALLOW' });
  },
  (d, random) => {
    const conditional = d.syscalls.filter((rule) => rule.args?.length && rule.action === 'SCMP_ACT_ALLOW');
    delete pick(random, conditional).args;
  },
  (d, random) => {
    const denying = d.syscalls.filter((rule) => rule.action !== 'SCMP_ACT_ALLOW');
    const rule = pick(random, denying);
    rule.action = 'SCMP_ACT_ALLOW';
    delete rule.errnoRet;
  },
  (d) => {
    d.defaultAction = 'SCMP_ACT_LOG';
  },
];

/** Changes of words alone. */
const REWRITING: readonly ((d: ProfileDocument, random: (below: number) => number) => void)[] = [
  (d, random) => {
    const { names } = pick(random, d.syscalls);
    names.sort(() => random(3) - 1);
  },
  (d, random) => {
    const rule = pick(random, d.syscalls);
    const at = d.syscalls.indexOf(rule);
    const half = Math.floor(rule.names.length / 2);
    if (half > 0)
      d.syscalls.splice(
        at,
        1,
        { ...rule, names: rule.names.slice(0, half) },
        { ...rule, names: rule.names.slice(half) },
      );
  },
  (d, random) => {
    const rule = pick(random, d.syscalls);
    rule.names.push(rule.names[0]);
  },
  (d) => {
    const free = d.syscalls.filter((rule) => !rule.args?.length && rule.action === 'SCMP_ACT_ALLOW');
    d.syscalls = [...d.syscalls.filter((rule) => !free.includes(rule)), ...free.reverse()];
  },
];

/** Whether the kernel would execute a call under the filter that a profile becomes. */
function passes(
  { judged: { policy } }: Judgement,
  arch: 'x86_64' | 'x86' | 'x32',
  nr: number,
  args: readonly bigint[],
) {
  const { word } = runProgram(
    compilePolicy(policy).program,
    { arch: abiOf(arch).auditArch, nr, args },
    policy.endian,
  );
  return executes(actionOfWord(word).kind);
}

describe('a change of a profile', () => {
  it(`that loosens it is told, with a call that shows it, ${ROUNDS} times`, { timeout: 120_000 }, () => {
    const random = generator(1);
    let told = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const document = pick(random, GOOD);
      const changed = copyOf(document);
      pick(random, LOOSENING)(changed, random);
      const [before, after] = [judged(document), judged(changed)];
      const gated = gateChange(before, after);
      const loosened = changesAsFindings(gated, after, ['loosened']);
      // What passed already, such as a call that is added twice, is no change.
      if (gated.differences.listed.length === 0) continue;
      expect(loosened.length, JSON.stringify(changed)).toBeGreaterThan(0);
      for (const { witness } of loosened.slice(0, 3)) {
        const { arch, nr, args } = witness!;
        expect([before, after].map((side) => passes(side, arch as 'x86_64', nr, args))).toEqual([
          false,
          true,
        ]);
        told++;
      }
    }
    expect(told).toBeGreaterThan(ROUNDS / 2);
  });

  it(`of words alone is none, ${ROUNDS} times`, { timeout: 120_000 }, () => {
    const random = generator(2);
    for (let round = 0; round < ROUNDS; round++) {
      const document = pick(random, GOOD);
      const changed = copyOf(document);
      pick(random, REWRITING)(changed, random);
      const { differences } = gateChange(judged(document), judged(changed));
      expect(differences, JSON.stringify(changed)).toMatchObject({ listed: [], isComplete: true });
    }
  });

  it('is judged by what is found now and was not found before, wherever it stands', () => {
    const [, document] = GOOD;
    const worse = copyOf(document);
    worse.syscalls.unshift({ names: ['getpid', 'getpid'], action: 'SCMP_ACT_ALLOW' });
    const { added, gone } = gateChange(judged(document), judged(worse));
    expect(added.map(({ code }) => code)).toEqual(['name-twice']);
    expect(gone).toEqual([]);
    const back = gateChange(judged(worse), judged(document));
    expect([back.added, back.gone.map(({ code }) => code)]).toEqual([[], ['name-twice']]);
  });

  it('that is a new profile has all that lint finds', () => {
    const after = judged({ defaultAction: 'SCMP_ACT_ALLOW', syscalls: [] });
    const { added, differences } = gateChange(undefined, after);
    expect([added, differences.listed]).toEqual([after.findings, []]);
  });
});
