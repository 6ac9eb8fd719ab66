import { diffPolicies } from '@callgate/engine/internal/analysis/diff';
import { actionOfWord, freedomOf } from '@callgate/engine/internal/bpf/action';
import { runProgram } from '@callgate/engine/internal/bpf/vm';
import { compilePolicy } from '@callgate/engine/internal/compile/compile';
import { parseAskedCalls } from '@callgate/engine/internal/edit/asked-calls';
import { type Budget, overBudget } from '@callgate/engine/internal/lint/budget';
import type { Finding } from '@callgate/engine/internal/lint/finding';
import type { Judged } from '@callgate/engine/internal/lint/judged';
import { lintText, usualOn } from '@callgate/engine/internal/lint/lint-text';
import { parseProfile } from '@callgate/engine/internal/profile/parse';
import type { Target } from '@callgate/engine/internal/runtime/target';
import { abiOf } from '@callgate/engine/internal/syscalls/arch';
import { callsOf } from '@callgate/engine/internal/syscalls/lookup';
import { DOCKER_PROFILE } from '@callgate/engine/stock';
import { describe, expect, it } from 'vitest';

const TARGET: Target = { native: 'x86_64', kernel: { major: 6, minor: 12 }, capabilities: [] };
const BOTH = ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86'];

function judged(syscalls: object[], defaultAction = 'SCMP_ACT_ERRNO', architectures = BOTH): Judged {
  const [{ judged: found }] = lintText('p.json', JSON.stringify({ defaultAction, architectures, syscalls }), {
    target: TARGET,
  });
  return found!;
}

const never = (...calls: string[]): Budget => ({
  kind: 'never',
  calls: calls.map(parseAskedCalls),
  severity: 'critical',
});
const found = (profile: Judged, budget: Budget): Finding[] => [...overBudget(profile, budget)];
const allow = (names: string[], ...args: object[]) => ({ names, action: 'SCMP_ACT_ALLOW', args });
const family = (value: number) => ({ index: 0, value, op: 'SCMP_CMP_EQ' });

/** The word that the compiled filter gives the call of a finding. */
function freedom({ policy }: Judged, { witness }: Finding): number {
  const { arch, nr, args } = witness!;
  const { word } = runProgram(
    compilePolicy(policy).program,
    { arch: abiOf(arch).auditArch, nr, args },
    'little',
  );
  return freedomOf(actionOfWord(word).kind);
}

describe('a budget of calls', () => {
  it('holds by what the filter does, for every call of both ABIs', () => {
    const allowed = ['read', 'bpf', 'ptrace', 'mmap', 'clock_gettime64'];
    const profile = judged([allow(allowed)]);
    for (const [name] of callsOf('x86_64')) {
      const over = found(profile, never(name));
      const abis = (['x86_64', 'x86'] as const).filter(
        (abi) => allowed.includes(name) && callsOf(abi).some(([known]) => known === name),
      );
      expect(
        over.map(({ witness }) => witness!.arch),
        name,
      ).toEqual(abis);
      for (const finding of over) expect(freedom(profile, finding)).toBe(2);
    }
  });

  it('means what the kernel reads of an argument', () => {
    const profile = judged([allow(['socket'], family(1))], 'SCMP_ACT_ERRNO', ['SCMP_ARCH_X86_64']);
    expect(found(profile, never('socket=family==AF_ALG'))).toEqual([]);
    expect(found(profile, never('socket=family==AF_UNIX'))).toHaveLength(1);
    // Denied by a comparison of 64 bits, of which the kernel takes 32.
    const denying = judged(
      [{ names: ['socket'], action: 'SCMP_ACT_ERRNO', args: [family(38)] }],
      'SCMP_ACT_ALLOW',
      ['SCMP_ARCH_X86_64'],
    );
    const [over] = found(denying, never('socket=family==AF_ALG'));
    expect(over.witness!.args[0]).toBe(0x1_0000_0026n);
  });

  it('compares as many bits as the kernel, whatever the comparison is', () => {
    const only = (args: object, action = 'SCMP_ACT_ALLOW', byDefault = 'SCMP_ACT_ERRNO') =>
      judged([{ names: ['socket'], action, args: [args] }], byDefault, ['SCMP_ARCH_X86_64']);
    const fromThree = only({ index: 0, value: 3, op: 'SCMP_CMP_GE' });
    const [over] = found(fromThree, never('socket=family<3'));
    expect(over.witness!.args[0] & 0xffff_ffffn).toBeLessThan(3n);
    expect(freedom(fromThree, over)).toBe(2);
    const low = only({ index: 0, value: 0xffff_ffff, valueTwo: 1, op: 'SCMP_CMP_MASKED_EQ' });
    expect(found(low, never('socket=family!=AF_UNIX'))).toEqual([]);
  });

  it('knows which bits tell a sub-call', () => {
    const denied = [{ names: ['semget', 'socket'], action: 'SCMP_ACT_ERRNO' }];
    const profile = judged(denied, 'SCMP_ACT_ALLOW');
    // ipc(0x10002, …) makes a semaphore as ipc(2, …) does: above the number stands a version.
    const [over] = found(profile, never('semget'));
    expect(over.message).toContain('through ipc');
    expect(over.witness!.args[0] & 0xffffn).toBe(2n);
    expect(freedom(profile, over)).toBe(2);
    expect(found(profile, never('socket'))).toEqual([]);
  });

  it('means the bits of a short argument that the kernel reads', () => {
    const denying = (name: string, value: number) =>
      judged(
        [
          {
            names: [name],
            action: 'SCMP_ACT_ERRNO',
            args: [{ index: name === 'mkdir' ? 1 : 0, value, op: 'SCMP_CMP_EQ' }],
          },
        ],
        'SCMP_ACT_ALLOW',
        ['SCMP_ARCH_X86_64'],
      );
    // Both were made: a folder of that mode, and a process in a user namespace of its own.
    expect(found(denying('mkdir', 0o777), never('mkdir=mode==511'))).toHaveLength(1);
    expect(found(denying('clone', 0x1000_0011), never('clone=clone_flags==0x10000011'))).toHaveLength(1);
  });

  it('sees a call behind a multiplexer', () => {
    const [over, ...more] = found(judged([allow(['socketcall'])]), never('socket'));
    expect(more).toEqual([]);
    expect(over).toMatchObject({ message: expect.stringContaining('on x86, through socketcall') });
    expect([over.witness!.arch, over.witness!.args[0]]).toEqual(['x86', 1n]);
  });

  it('is over where somebody else is asked', () => {
    const [over] = found(judged([{ names: ['bpf'], action: 'SCMP_ACT_TRACE' }]), never('bpf'));
    expect(over.message).toContain('left to whoever answers TRACE');
  });
});

describe('a budget by another profile', () => {
  const usual = usualOn(TARGET, {
    name: 'stock:docker',
    profile: parseProfile(DOCKER_PROFILE, { unknownNames: 'skip' }).value!,
  })!;
  const budget: Budget = { kind: 'never-looser', than: usual, severity: 'high', reason: 'house rule' };

  it('is over for every call that passes there alone, and for no other', () => {
    for (const [name] of callsOf('x86_64')) {
      const profile = judged([allow([name])], 'SCMP_ACT_ERRNO', ['SCMP_ARCH_X86_64']);
      const isLooser = diffPolicies(usual.policy, profile.policy).listed.some(
        ({ change }) => change === 'loosened',
      );
      const over = found(profile, budget);
      expect(over.length, name).toBe(isLooser ? 1 : 0);
      for (const finding of over) {
        expect(finding.message).toContain(`: ${name} (house rule)`);
        expect(freedom(profile, finding)).toBe(2);
      }
    }
  });
});
