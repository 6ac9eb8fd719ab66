import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeProgram } from '@callgate/engine/internal/bpf/encode';
import { withFolder } from '@callgate/testing/loaded-filters';
import { describeWith } from '@callgate/testing/requirements';
import { answeredRows, differencesFrom, listPolicy, readList } from '@callgate/testing/sandbox-lists';
import { snap } from '@callgate/workload/internal/carriers/snap';
import { describe, expect, it } from 'vitest';

const READ: readonly (readonly [about: string, text: string, rows: readonly string[]])[] = [
  [
    'calls, with arguments and without',
    '# Description: base\nread\nwrite\nsocket AF_UNIX\nsetpriority PRIO_PROCESS 0 >=0\n',
    [
      'x86_64 read -> ALLOW',
      'x86_64 mkdir -> ERRNO(EPERM)',
      'x86_64 socket AF_UNIX -> ALLOW',
      'x86_64 socket AF_INET -> ERRNO(EPERM)',
      'x86_64 setpriority 0 0 5 -> ALLOW',
      'x86_64 setpriority 0 1 5 -> ERRNO(EPERM)',
      'x86 read -> ALLOW',
      'x32 read -> KILL_THREAD',
    ],
  ],
  [
    'every comparison',
    'read\nioctl - !TIOCSTI\nmknod - |S_IFREG -\nquotactl Q_GETQUOTA - <5 >6\nkill - <=9\n',
    [
      'x86_64 ioctl 0 5 -> ALLOW',
      'x86_64 ioctl 0 TIOCSTI -> ERRNO(EPERM)',
      'x86_64 mknod 0 0x81ff -> ALLOW',
      'x86_64 mknod 0 0x21ff -> ERRNO(EPERM)',
      'x86_64 kill 0 9 -> ALLOW',
      'x86_64 kill 0 10 -> ERRNO(EPERM)',
    ],
  ],
  [
    'negative arguments of calls that take them, of 32 bits',
    'read\nwrite\nfchown - 0 -1\nsetuid 5\n',
    [
      'x86_64 fchown 1 0 0xffffffff -> ALLOW',
      'x86_64 fchown 1 0 -1 -> ALLOW',
      'x86_64 fchown 1 0 0 -> ERRNO(EPERM)',
      'x86_64 setuid 5 -> ALLOW',
      'x86_64 setuid 0x100000005 -> ALLOW',
    ],
  ],
  [
    'a call that is said with arguments and without',
    'read\nwrite\nsocket AF_UNIX\nsocket\nclone\nclone - |1\n',
    ['x86_64 socket AF_INET -> ALLOW', 'x86_64 clone -> ALLOW'],
  ],
  [
    'what is passed over',
    'read\nwrite\n!mount\nno_such_call AF_UNIX\n',
    ['x86_64 mount -> ERRNO(EPERM)', 'x86_64 write -> ALLOW'],
  ],
];

describe("snap-seccomp's lists", () => {
  it.each(READ)('%s', (_, text, rows) => {
    expect(answeredRows(listPolicy(snap, text), rows)).toEqual(rows);
  });

  it('denies before it allows', () => {
    const rows = [
      'x86_64 ioctl 0 TIOCSTI -> ERRNO(EACCES)',
      'x86_64 ioctl 0 1 -> ALLOW',
      'x86_64 mount -> ERRNO(EACCES)',
    ];
    expect(answeredRows(listPolicy(snap, 'read\nioctl\n~ioctl - TIOCSTI\n~mount\n'), rows)).toEqual(rows);
  });

  it.each([
    ['@unrestricted\nread\n', ['x86_64 mount -> ALLOW', 'x86 mount -> ALLOW']],
    ['@complain\nread\n~mount\n', ['x86_64 mount -> ERRNO(EACCES)', 'x86_64 chdir -> LOG']],
  ])('has templates that let everything pass: %#', (text, rows) => {
    expect(answeredRows(listPolicy(snap, text), rows)).toEqual(rows);
  });

  it('tells what it cannot know or read', () => {
    expect(readList(snap, 'read\nwrite\nsetuid u:daemon\nnosuchcall\n').warnings).toEqual([
      'list-elsewhere@u:daemon',
      'unknown-syscall@nosuchcall',
    ]);
    expect(readList(snap, 'read\nwrite\nkill - -1\nsocket NO_SUCH\nsetuid !5\n').faults).toEqual([
      'bad-number@-1',
      'bad-number@NO_SUCH',
      'list-syntax@!5',
    ]);
  });

  it.each([
    ['prose', 'read the manual\nor write one\n'],
    ['a word', 'read\n'],
    ['YAML', 'read: 1\nwrite: 1\n'],
    ['a shell script', 'read line\nexit 1\nfor x in y\necho a b\n'],
  ])('does not take %s for its own', (_, text) => {
    expect(snap.read!(text, 'x.template')).toBeUndefined();
  });
});

describeWith(['snap-seccomp'], 'snap-seccomp itself', () => {
  it.each(READ)('makes what was read: %s', (_, text) => {
    const bytes = withFolder((folder) => {
      const [list, out] = [join(folder, 'list'), join(folder, 'out')];
      writeFileSync(list, text);
      const made = spawnSync('snap-seccomp', ['compile', list, out], { encoding: 'utf8' });
      expect(made.stderr).toBe('');
      return readFileSync(out);
    });
    const differences = differencesFrom(
      listPolicy(snap, text),
      [decodeProgram(bytes, 'little')!],
      ['x86_64', 'x86', 'x32', 'other'],
    );
    expect(differences).toEqual([]);
  });
});
