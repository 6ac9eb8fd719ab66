import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lowerProfile } from '@callgate/engine/internal/policy/lower';
import { parseProfile } from '@callgate/engine/internal/profile/parse';
import { describeWith } from '@callgate/testing/requirements';
import { answeredRows, listPolicy, readList, SANDBOX_TARGET } from '@callgate/testing/sandbox-lists';
import {
  SYSTEMD_GROUPS,
  SYSTEMD_RELEASE,
} from '@callgate/workload/internal/carriers/generated/systemd-groups';
import { CallGroups } from '@callgate/workload/internal/carriers/list/groups';
import { systemd } from '@callgate/workload/internal/carriers/systemd';
import { describe, expect, it } from 'vitest';

const service = (...lines: string[]) => ['[Service]', ...lines, ''].join('\n');

describe('SystemCallFilter=', () => {
  it.each([
    [
      'an allow list, with what systemd adds to it',
      service('SystemCallFilter=mkdir'),
      [
        'x86_64 mkdir -> ALLOW',
        'x86_64 execve -> ALLOW',
        'x86_64 rmdir -> KILL_PROCESS',
        'x86 mkdir -> ALLOW',
        'x32 rmdir -> KILL_PROCESS',
      ],
    ],
    [
      'an errno',
      service('SystemCallFilter=mkdir', 'SystemCallErrorNumber=ENOSYS'),
      ['x86_64 rmdir -> ERRNO(ENOSYS)', 'x86 rmdir -> ERRNO(ENOSYS)'],
    ],
    [
      'groups within groups, and some calls taken out again',
      service(
        'SystemCallFilter=@system-service',
        'SystemCallFilter=~@privileged @resources',
        'SystemCallErrorNumber=EPERM',
        'SystemCallArchitectures=native',
      ),
      [
        'x86_64 read -> ALLOW',
        'x86_64 chown -> ERRNO(EPERM)',
        'x86_64 mount -> ERRNO(EPERM)',
        'x86_64 setpriority -> ERRNO(EPERM)',
        'x86 read -> KILL_THREAD',
      ],
    ],
    [
      'a deny list',
      service('SystemCallFilter=~mount @swap'),
      [
        'x86_64 mount -> KILL_PROCESS',
        'x86_64 swapon -> KILL_PROCESS',
        'x86_64 read -> ALLOW',
        'x86 mount -> KILL_PROCESS',
      ],
    ],
    [
      'errnos of single calls',
      service('SystemCallFilter=~mount:EPERM umount2:kill @swap:110', 'SystemCallErrorNumber=EACCES'),
      ['x86_64 mount -> ERRNO(EPERM)', 'x86_64 umount2 -> KILL_PROCESS', 'x86_64 swapon -> ERRNO(ETIMEDOUT)'],
    ],
    [
      'an errno of a call that an allow list does not name',
      service('SystemCallFilter=@system-service', 'SystemCallFilter=~mount:ENOENT'),
      ['x86_64 mount -> ERRNO(ENOENT)', 'x86_64 swapon -> KILL_PROCESS'],
    ],
    [
      'an empty assignment, which begins anew',
      service('SystemCallFilter=mkdir', 'SystemCallFilter=', 'SystemCallFilter=~mount'),
      ['x86_64 mount -> KILL_PROCESS', 'x86_64 rmdir -> ALLOW'],
    ],
    [
      'a call that a deny list names no longer',
      service('SystemCallFilter=~@mount', 'SystemCallFilter=mount'),
      ['x86_64 mount -> ALLOW', 'x86_64 umount2 -> KILL_PROCESS'],
    ],
    [
      'lines that go on, with comments in between',
      service('SystemCallFilter=~mount \\', '# of old', '; and new', '  umount2'),
      ['x86_64 mount -> KILL_PROCESS', 'x86_64 umount2 -> KILL_PROCESS', 'x86_64 chroot -> ALLOW'],
    ],
    [
      'what is logged of what passes',
      service('SystemCallFilter=~mount', 'SystemCallLog=mount mkdir'),
      ['x86_64 mount -> KILL_PROCESS', 'x86_64 mkdir -> LOG', 'x86_64 rmdir -> ALLOW'],
    ],
    ['what is not logged', service('SystemCallLog=~mkdir'), ['x86_64 mkdir -> ALLOW', 'x86_64 rmdir -> LOG']],
    [
      'architectures alone',
      service('SystemCallArchitectures=native x86'),
      ['x86_64 read -> ALLOW', 'x86 read -> ALLOW', 'x32 read -> KILL_THREAD'],
    ],
  ])('%s', (_, text, rows) => {
    expect(answeredRows(listPolicy(systemd, text), rows)).toEqual(rows);
  });

  it('covers what a machine of another kind runs', () => {
    const policy = listPolicy(systemd, service('SystemCallFilter=~mount'), {
      ...SANDBOX_TARGET,
      native: 'aarch64',
    });
    const rows = ['aarch64 mount -> KILL_PROCESS', 'arm mount -> KILL_PROCESS', 'arm read -> ALLOW'];
    expect(answeredRows(policy, rows)).toEqual(rows);
  });

  it('has the place of each name, or of the group that it is in', () => {
    const text = service('SystemCallFilter=~mount \\', '  @swap');
    const { profile } = readList(systemd, text);
    const places = profile!.rules[0].names.map(({ value, span }) => [
      value,
      text.slice(span.start, span.end),
    ]);
    expect(places).toEqual([
      ['mount', 'mount'],
      ['swapoff', '@swap'],
      ['swapon', '@swap'],
    ]);
  });

  it('tells what systemd passes over, and what it adds elsewhere', () => {
    const text = service(
      'SystemCallFilter=mkdir:EPERM nosuchcall @nosuch',
      'SystemCallArchitectures=pdp11',
      'MemoryDenyWriteExecute=yes',
      'LockPersonality=no',
    );
    expect(readList(systemd, text).warnings).toEqual([
      'list-ignored@mkdir:EPERM',
      'unknown-syscall@nosuchcall',
      'list-ignored@@nosuch',
      'unknown-architecture@pdp11',
      'list-elsewhere@MemoryDenyWriteExecute',
    ]);
    expect(readList(systemd, service('SystemCallFilter=~mount:ENOSUCH')).faults).toEqual([
      'unknown-errno@ENOSUCH',
    ]);
  });

  it.each([
    ['another key', '[Service]\nExecStart=/bin/true\n'],
    ['no section', 'SystemCallFilter=mkdir\n'],
    ['a container of systemd-nspawn, which reads it otherwise', '[Exec]\nSystemCallFilter=mkdir\n'],
    ['prose', 'SystemCallFilter= is a setting of [Service]\n'],
  ])('does not take %s for its own', (_, text) => {
    expect(systemd.read!(text, 'x.service')).toBeUndefined();
  });

  it('reads a long line in short time', () => {
    const text = service(`SystemCallFilter=${'@system-service '.repeat(10_000)}${' \\\n'.repeat(9000)}`);
    expect(readList(systemd, text).faults).toEqual([]);
  });
});

describeWith(['systemd-analyze'], 'systemd', () => {
  it('has the groups that were taken from it', () => {
    const [, release] = /^systemd (\d+)/.exec(
      spawnSync('systemd-analyze', ['--version'], { encoding: 'utf8' }).stdout,
    )!;
    // Another release has others.
    if (!SYSTEMD_RELEASE.startsWith(`systemd ${release} `)) return;
    const printed = spawnSync('systemd-analyze', ['syscall-filter', '@mount', '@system-service'], {
      encoding: 'utf8',
    }).stdout;
    const groups = new CallGroups(SYSTEMD_GROUPS);
    const members = [...printed.matchAll(/^ {4}([@a-z_]\S*)$/gm)].map(([, name]) => name);
    expect(members).toEqual([...groups.listOf('@mount')!, ...groups.listOf('@system-service')!]);
  });

  it('takes the unit that is written', () => {
    const text = JSON.stringify({
      defaultAction: 'SCMP_ACT_ERRNO',
      architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86'],
      syscalls: [
        { names: ['read', 'write', 'openat', 'socket'], action: 'SCMP_ACT_ALLOW' },
        { names: ['mkdir'], action: 'SCMP_ACT_ERRNO', errnoRet: 13 },
      ],
    });
    const profile = parseProfile(text).value!;
    const policy = lowerProfile(profile, SANDBOX_TARGET).value!;
    const cargo = { profile, policy, name: 'web', target: SANDBOX_TARGET, answers: {} };
    const [{ content }] = systemd.write!(cargo).files;
    const folder = mkdtempSync(join(tmpdir(), 'callgate-systemd-'));
    const verify = (unit: string) => {
      writeFileSync(join(folder, 'web.service'), `${unit}\nExecStart=/bin/true\n`);
      const args = ['verify', '--man=no', join(folder, 'web.service')];
      const { stdout, stderr, status } = spawnSync('systemd-analyze', args, { encoding: 'utf8' });
      // Its libseccomp does not know every call, and it passes over those.
      const said = `${stdout}${stderr}`
        .split('\n')
        .filter((line) => !/system call, ignoring: \w+$/.test(line));
      return { status, said: said.join('') };
    };
    try {
      expect(verify(content as string)).toEqual({ status: 0, said: '' });
      expect(verify(`${content}SystemCallErrorNumber=ENOTHING\n`).said).toContain('ENOTHING');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
