import { lowerProfile } from '@callgate/engine/internal/policy/lower';
import { arePoliciesEqual } from '@callgate/engine/internal/policy/policy';
import { parseProfile } from '@callgate/engine/internal/profile/parse';
import type { Profile } from '@callgate/engine/internal/profile/profile';
import { stringifyProfile } from '@callgate/engine/internal/profile/stringify';
import { listPolicy, readList, SANDBOX_TARGET } from '@callgate/testing/sandbox-lists';
import type { Cargo } from '@callgate/workload/internal/carriers/carrier';
import { LIST_CARRIERS, readListCarrier } from '@callgate/workload/internal/carriers/list-carriers';
import { describe, expect, it } from 'vitest';

const WRITERS = LIST_CARRIERS.filter(({ write }) => write);
const ABIS = ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'];

interface Rule {
  readonly names: readonly string[];
  readonly action: string;
  readonly errnoRet?: number;
  readonly args?: readonly object[];
}

const profile = (defaultAction: string, architectures: readonly string[], ...syscalls: Rule[]) =>
  JSON.stringify({ defaultAction, ...(architectures.length > 0 && { architectures }), syscalls });
const rule = (action: string, ...names: string[]): Rule => ({ names, action: `SCMP_ACT_${action}` });
const eq = (index: number, value: number) => ({ index, value, op: 'SCMP_CMP_EQ' });

/** By a carrier: profiles that it can hold as they are. */
const HELD: Readonly<Record<string, readonly string[]>> = {
  systemd: [
    profile('SCMP_ACT_KILL_PROCESS', [], rule('ALLOW', 'execve', 'read', 'mkdir')),
    profile('SCMP_ACT_KILL_PROCESS', ABIS, rule('ALLOW', 'execve'), rule('LOG', 'mkdir'), {
      ...rule('ERRNO', 'rmdir'),
      errnoRet: 2,
    }),
    profile(
      'SCMP_ACT_ALLOW',
      ABIS,
      rule('ERRNO', 'mount'),
      { ...rule('ERRNO', 'rmdir'), errnoRet: 38 },
      rule('KILL_PROCESS', 'reboot'),
    ),
    profile('SCMP_ACT_LOG', ABIS, rule('ALLOW', 'read', 'write'), rule('ERRNO', 'mount')),
    profile('SCMP_ACT_LOG', [], rule('ERRNO', 'mount')),
    profile('SCMP_ACT_ALLOW', []),
  ],
  lxc: [
    profile('SCMP_ACT_ALLOW', ABIS, rule('ERRNO', 'mount'), rule('TRAP', 'reboot'), rule('KILL', 'swapon')),
    profile('SCMP_ACT_ERRNO', ABIS, rule('ALLOW', 'read', 'write'), {
      ...rule('ALLOW', 'clone'),
      args: [{ index: 0, value: 0x7e020000, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }],
    }),
    profile(
      'SCMP_ACT_KILL',
      ABIS,
      { ...rule('ALLOW', 'personality'), args: [eq(0, 8)] },
      { ...rule('ERRNO', 'ioctl'), args: [eq(1, 5), eq(2, 7)] },
    ),
  ],
  minijail: [
    profile('SCMP_ACT_KILL', [], rule('ALLOW', 'read', 'write'), { ...rule('ERRNO', 'mkdir'), errnoRet: 13 }),
    profile(
      'SCMP_ACT_KILL',
      [],
      {
        ...rule('ALLOW', 'clone'),
        args: [{ index: 0, value: 0x7e020011, valueTwo: 0x11, op: 'SCMP_CMP_MASKED_EQ' }],
      },
      { ...rule('ALLOW', 'ioctl'), args: [eq(1, 5), { index: 2, value: 7, op: 'SCMP_CMP_GT' }] },
    ),
    profile(
      'SCMP_ACT_KILL',
      [],
      ...[1, 2, 3].map((value) => ({ ...rule('ALLOW', 'socket'), args: [eq(0, value)] })),
    ),
  ],
  kafel: [
    profile(
      'SCMP_ACT_KILL',
      [],
      rule('ALLOW', 'read', 'stat', '_sysctl', 'sendfile', 'umount2'),
      rule('LOG', 'mkdir'),
    ),
    profile(
      'SCMP_ACT_KILL',
      [],
      { ...rule('ALLOW', 'socket'), args: [eq(0, 1), { index: 1, value: 9, op: 'SCMP_CMP_NE' }] },
      {
        ...rule('ERRNO', 'clone'),
        args: [{ index: 0, value: 0x7e020000, valueTwo: 0x20000, op: 'SCMP_CMP_MASKED_EQ' }],
      },
    ),
    profile(
      'SCMP_ACT_ERRNO',
      [],
      rule('KILL_PROCESS', 'mkdir'),
      rule('TRACE', 'rmdir'),
      rule('TRAP', 'chdir'),
    ),
    profile(
      'SCMP_ACT_KILL',
      [],
      { ...rule('ALLOW', 'socket'), args: [eq(0, 1)] },
      { ...rule('ERRNO', 'socket'), args: [eq(0, 2)] },
    ),
  ],
};

function cargoOf(value: Profile): Cargo {
  const policy = lowerProfile(value, SANDBOX_TARGET).value!;
  return { profile: value, policy, name: 'my-app', target: SANDBOX_TARGET, answers: {} };
}

describe.each(WRITERS)('what $id writes', (carrier) => {
  it.each(HELD[carrier.id])('means the same when it is read again: %#', (text) => {
    const value = parseProfile(text).value!;
    const [{ path, content }] = carrier.write!(cargoOf(value)).files;
    const before = lowerProfile(value, SANDBOX_TARGET).value!;
    expect(readListCarrier(content as string, path)?.carrier.id).toBe(carrier.id);
    expect(arePoliciesEqual(before, listPolicy(carrier, content as string)), content as string).toBe(true);
  });

  it('names the file, and who enforces it', () => {
    const value = parseProfile(HELD[carrier.id][0]).value!;
    const { files, notes } = carrier.write!(cargoOf(value));
    expect(files.map(({ path }) => path)).toEqual([expect.stringMatching(/^my-app\.\w+$/)]);
    expect(notes[0]).toMatch(/enforces it/);
  });

  it('is read even where it could not say everything', () => {
    const text = profile(
      'SCMP_ACT_TRAP',
      ABIS,
      rule('LOG', 'read', 'socket'),
      { ...rule('TRACE', 'mkdir'), errnoRet: 7 },
      { ...rule('ALLOW', 'personality'), args: [{ index: 0, value: 5, op: 'SCMP_CMP_NE' }] },
    );
    const { content } = carrier.write!(cargoOf(parseProfile(text).value!)).files[0];
    expect(readList(carrier, content as string).faults).toEqual([]);
  });
});

it('takes no profile in JSON or YAML for a list', () => {
  for (const text of Object.values(HELD).flat()) {
    expect(readListCarrier(text, 'x.conf')).toBeUndefined();
    const yaml = stringifyProfile(parseProfile(text).value!).replaceAll(/[{}",]/g, '');
    expect(readListCarrier(yaml, 'x.policy')).toBeUndefined();
  }
});
