import { actionOfWord, executes } from '@callgate/engine/internal/bpf/action';
import { runProgram } from '@callgate/engine/internal/bpf/vm';
import { compilePolicy } from '@callgate/engine/internal/compile/compile';
import { exposureOf } from '@callgate/engine/internal/lint/exposure';
import { gradeOf, POINTS_OF_FINDING } from '@callgate/engine/internal/lint/grade';
import type { Judged } from '@callgate/engine/internal/lint/judged';
import { lintText } from '@callgate/engine/internal/lint/lint-text';
import type { Target } from '@callgate/engine/internal/runtime/target';
import { numberOf } from '@callgate/engine/internal/syscalls/lookup';
import { notableCallsByCategory } from '@callgate/engine/internal/syscalls/notable';
import { describe, expect, it } from 'vitest';

const TARGET: Target = { native: 'x86_64', kernel: { major: 6, minor: 12 }, capabilities: [] };

function judged(
  names: string[],
  { defaultAction = 'SCMP_ACT_ERRNO', capabilities = [] as string[], args = [] as object[] } = {},
) {
  const syscalls = names.length > 0 ? [{ names, action: 'SCMP_ACT_ALLOW', args }] : [];
  const text = JSON.stringify({ defaultAction, architectures: ['SCMP_ARCH_X86_64'], syscalls });
  const [profile] = lintText('p.json', text, { target: { ...TARGET, capabilities } });
  return { judged: profile.judged!, findings: profile.findings };
}

const reachOf = (all: Judged, name: string) =>
  exposureOf(all).calls.find((call) => call.name === name)?.reach;

describe('exposure', () => {
  it('has the calls that the filter lets pass, and no others', () => {
    for (const { name } of notableCallsByCategory().filter((call) => call.name !== 'seccomp')) {
      const { judged: one } = judged([name]);
      expect(exposureOf(one).calls.map((call) => call.name)).toEqual([name]);
      const { program } = compilePolicy(one.policy);
      const call = { arch: one.native.auditArch, nr: numberOf('x86_64', name)!, args: [] };
      expect(executes(actionOfWord(runProgram(program, call, 'little').word).kind)).toBe(true);
    }
    expect(exposureOf(judged(['read', 'write', 'seccomp']).judged)).toEqual({
      calls: [],
      hasUserNamespaces: false,
    });
  });

  it('tells who gets through, by what the kernel asks for besides', () => {
    expect(reachOf(judged(['kexec_load']).judged, 'kexec_load')).toBe('capability');
    expect(reachOf(judged(['kexec_load'], { capabilities: ['CAP_SYS_BOOT'] }).judged, 'kexec_load')).toBe(
      'anyone',
    );
    expect(reachOf(judged(['mount']).judged, 'mount')).toBe('capability');
    // Whoever may make a user namespace has the capability in it; that of the first one it is not.
    const both = judged(['mount', 'unshare', 'kexec_load']).judged;
    expect([reachOf(both, 'mount'), reachOf(both, 'kexec_load')]).toEqual(['own-namespace', 'capability']);
    expect(reachOf(judged(['ptrace']).judged, 'ptrace')).toBe('anyone');
  });

  it('says where arguments decide', () => {
    const args = [{ index: 0, value: 16, op: 'SCMP_CMP_EQ' }];
    expect(exposureOf(judged(['ptrace'], { args }).judged).calls[0].isConditional).toBe(true);
  });

  it('leaves out what the kernel has not yet', () => {
    const old = judged(['clone3', 'ptrace']).judged;
    expect(exposureOf(old).calls.map(({ name }) => name)).toEqual(['ptrace', 'clone3']);
    const [{ judged: before }] = lintText(
      'p.json',
      '{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{"names":["clone3","ptrace"],"action":"SCMP_ACT_ALLOW"}]}',
      { target: { ...TARGET, kernel: { major: 5, minor: 2 } } },
    );
    expect(exposureOf(before!).calls.map(({ name }) => name)).toEqual(['ptrace']);
  });
});

describe('a grade', () => {
  it('is the sum of its parts, and each finding that counts is in one', () => {
    for (const [names, defaultAction] of [
      [[], 'SCMP_ACT_ALLOW'],
      [['read', 'ptrace', 'mount', 'unshare'], 'SCMP_ACT_ERRNO'],
      [['read'], 'SCMP_ACT_KILL'],
    ] as const) {
      const { judged: meant, findings } = judged([...names], { defaultAction });
      const { points, parts } = gradeOf(exposureOf(meant), findings);
      expect(parts.reduce((sum, part) => sum + part.points, 0)).toBe(points);
      const ofFindings = findings.reduce((sum, { severity }) => sum + POINTS_OF_FINDING[severity], 0);
      expect(
        parts.filter(({ kind }) => kind === 'findings').reduce((sum, part) => sum + part.points, 0),
      ).toBe(ofFindings);
    }
  });

  it('is better the less is left open', () => {
    const letter = (names: string[], defaultAction?: string) => {
      const { judged: meant, findings } = judged(names, { defaultAction });
      return gradeOf(
        exposureOf(meant),
        findings.filter(({ code }) => !code.startsWith('cannot')),
      ).letter;
    };
    expect(letter([], 'SCMP_ACT_ALLOW')).toBe('F');
    expect(letter(['read', 'write', 'exit_group', 'execve'])).toBe('A');
  });
});
