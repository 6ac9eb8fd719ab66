import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lowerProfile } from '@callgate/engine/internal/policy/lower';
import { parseProfile } from '@callgate/engine/internal/profile/parse';
import { loadedFilters, withFolder } from '@callgate/testing/loaded-filters';
import { describeWith } from '@callgate/testing/requirements';
import {
  answeredRows,
  differencesFrom,
  listPolicy,
  readList,
  SANDBOX_TARGET,
} from '@callgate/testing/sandbox-lists';
import { lxc } from '@callgate/workload/internal/carriers/lxc';
import { describe, expect, it } from 'vitest';

const lines = (...all: string[]) => `${all.join('\n')}\n`;

describe("LXC's policies", () => {
  it.each([
    [
      'a deny list, by its old name',
      lines(
        '2',
        'blacklist',
        '[all]',
        'kexec_load errno 1',
        'open_by_handle_at errno 1',
        '# no',
        'init_module',
      ),
      [
        'x86_64 kexec_load -> ERRNO(EPERM)',
        'x86 open_by_handle_at -> ERRNO(EPERM)',
        'x32 init_module -> KILL_THREAD',
        'x86_64 read -> ALLOW',
      ],
    ],
    [
      'an allow list',
      lines('2', 'allowlist errno 38', 'read', 'mkdir errno 13', 'rmdir trap'),
      [
        'x86_64 read -> ALLOW',
        'x86_64 mkdir -> ERRNO(EACCES)',
        'x86_64 rmdir -> TRAP',
        'x86 chdir -> ERRNO(ENOSYS)',
      ],
    ],
    [
      'conditions',
      lines(
        '2',
        'denylist',
        'personality errno 1 [0,8,SCMP_CMP_EQ]',
        'clone errno 2 [0,0x10000000,SCMP_CMP_MASKED_EQ,0x10000000]',
        'ioctl kill [1,5,>=][2,010,!=]',
      ),
      [
        'x86_64 personality 8 -> ERRNO(EPERM)',
        'x86_64 personality 9 -> ALLOW',
        'x86_64 clone 0x10000011 -> ERRNO(ENOENT)',
        'x86_64 clone 17 -> ALLOW',
        'x86_64 ioctl 0 5 7 -> KILL_THREAD',
        'x86_64 ioctl 0 5 8 -> ALLOW',
      ],
    ],
    [
      'a section, which names a machine and no ABI',
      lines(
        '2',
        'denylist',
        '[x86]',
        'mkdir errno 1',
        '[arm64]',
        'rmdir errno 1',
        '[all]',
        'chdir errno 1',
        'mkdir errno 1',
      ),
      [
        'x86_64 mkdir -> ERRNO(EPERM)',
        'x86 mkdir -> ERRNO(EPERM)',
        'x86_64 rmdir -> ALLOW',
        'x86_64 chdir -> ERRNO(EPERM)',
      ],
    ],
    [
      'what LXC has for umount',
      lines('2', 'denylist', 'reject_force_umount  # comment'),
      ['x86_64 umount2 0 1 -> ERRNO(EACCES)', 'x86_64 umount2 0 2 -> ALLOW'],
    ],
    [
      'version 1',
      lines('1', 'allowlist', '0', '83'),
      [
        'x86_64 read -> ALLOW',
        'x86_64 mkdir -> ALLOW',
        'x86_64 rmdir -> KILL_THREAD',
        'x86 exit -> KILL_THREAD',
      ],
    ],
  ])('%s', (_, text, rows) => {
    expect(answeredRows(listPolicy(lxc, text), rows)).toEqual(rows);
  });

  it('means by a number another call on another machine', () => {
    const policy = listPolicy(lxc, lines('1', 'whitelist', '63'), { ...SANDBOX_TARGET, native: 'aarch64' });
    const rows = ['aarch64 read -> ALLOW', 'aarch64 write -> KILL_THREAD'];
    expect(answeredRows(policy, rows)).toEqual(rows);
  });

  it.each([
    ['an action', lines('2', 'denylist', 'mkdir refuse'), ['unknown-action@refuse']],
    ['an errno without its number', lines('2', 'denylist', 'mkdir errno'), ['bad-errno@errno']],
    ['a section', lines('2', 'denylist', '[vax]', 'mkdir'), ['unknown-architecture@[vax]']],
    ['a comparison', lines('2', 'denylist', 'mkdir kill [0,1,~]'), ['unknown-operator@~']],
    ['an argument', lines('2', 'denylist', 'mkdir kill [6,1,==]'), ['bad-argument-index@6']],
    [
      'a value',
      lines('2', 'denylist', 'mkdir kill [0,0x10000000000000000,==]'),
      ['bad-number@0x10000000000000000'],
    ],
    ['one argument twice', lines('2', 'denylist', 'mkdir kill [0,1,>=][0,5,<=]'), ['list-syntax@[0,5,<=]']],
    [
      'two actions for the same',
      lines('2', 'denylist', 'mkdir kill', 'mkdir errno 1'),
      ['rule-dropped@mkdir'],
    ],
  ])('refuses %s', (_, text, faults) => {
    expect(readList(lxc, text).faults).toEqual(faults);
  });

  it('tells where a profile says more than LXC', () => {
    expect(
      readList(lxc, lines('2', 'denylist', 'socket errno 1', 'nosuchcall', 'mknod notify')).warnings,
    ).toEqual(['list-inexpressible@socket', 'unknown-syscall@nosuchcall', 'list-elsewhere@notify']);
  });

  it('is not held by it what LXC leaves out on x86', () => {
    const limits = (...architectures: string[]) => {
      const rules = [{ names: ['read', 'socket', 'semget'], action: 'SCMP_ACT_ALLOW' }];
      const text = JSON.stringify({ defaultAction: 'SCMP_ACT_ERRNO', architectures, syscalls: rules });
      const profile = parseProfile(text).value!;
      const policy = lowerProfile(profile, SANDBOX_TARGET).value!;
      const cargo = { profile, policy, name: 'web', target: SANDBOX_TARGET, answers: {} };
      return lxc.write!(cargo).limits?.map(({ message, place }) => [
        message,
        text.slice(place.start, place.end),
      ]);
    };
    expect(limits('SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32')).toEqual([
      [expect.stringContaining('LXC leaves out socket and 1 more'), '"socket"'],
    ]);
    expect(limits('SCMP_ARCH_X86_64', 'SCMP_ARCH_X32')).toEqual([]);
  });

  it.each([
    ['a number', '2\n'],
    ['another version', '3\ndenylist\n'],
    ['another list', '2\nlist\n'],
    ['YAML', 'denylist:\n  - mkdir\n'],
  ])('does not take %s for its own', (_, text) => {
    expect(lxc.read!(text, 'x.seccomp')).toBeUndefined();
  });
});

/** The filter that LXC loads for a container. */
function filtersOfLxc(text: string) {
  return withFolder((folder) => {
    const rootfs = join(folder, 'rootfs');
    for (const name of ['proc', 'sys', 'dev', 'containers'])
      mkdirSync(join(rootfs, name), { recursive: true });
    mkdirSync(join(folder, 'containers'));
    writeFileSync(join(folder, 'policy'), text);
    writeFileSync(
      join(folder, 'config'),
      `lxc.rootfs.path = dir:${rootfs}\nlxc.seccomp.profile = ${folder}/policy\nlxc.net.0.type = none\n`,
    );
    const flags = [
      '-P',
      join(folder, 'containers'),
      '-n',
      `callgate-${process.pid}`,
      '-f',
      join(folder, 'config'),
    ];
    return loadedFilters(['lxc-execute', ...flags, '--', '/true']);
  });
}

// What would deny more would keep LXC from starting.
describeWith(['root', 'strace', 'lxc-execute'], 'LXC itself', () => {
  it.each([
    lines(
      '2',
      'denylist',
      '[all]',
      'kexec_load errno 1',
      'init_module',
      '[x86]',
      'mkdir errno 5',
      '[arm]',
      'rmdir errno 5',
    ),
    lines(
      '2',
      'denylist',
      'swapon trap',
      'swapoff errno 13',
      'umount',
      'stat64 errno 1',
      'nosuchcall errno 1',
    ),
    lines(
      '2',
      'allowlist allow',
      'swapon kill [1,0x1ff,&=,0x1ff]',
      'personality errno 1 [0,8,==]',
      'ioctl kill [1,5,==][2,010,!=]',
    ),
    lines(
      '2',
      'denylist',
      'reject_force_umount',
      'clone errno 2 [0,0x10000000,SCMP_CMP_MASKED_EQ,0x10000000]',
    ),
  ])('loads what was read: %#', (text) => {
    const filters = filtersOfLxc(text);
    expect(filters).toHaveLength(1);
    expect(differencesFrom(listPolicy(lxc, text), filters, ['x86_64', 'x86', 'x32', 'other'])).toEqual([]);
  });
});
