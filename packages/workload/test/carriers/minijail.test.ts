import { filtersFor } from '@callgate/testing/loaded-filters';
import { describeWith } from '@callgate/testing/requirements';
import { answeredRows, differencesFrom, listPolicy, readList } from '@callgate/testing/sandbox-lists';
import { minijail } from '@callgate/workload/internal/carriers/minijail';
import { describe, expect, it } from 'vitest';

const READ: readonly (readonly [about: string, text: string, rows: readonly string[]])[] = [
  [
    'calls that pass, and one that does in part',
    'read: 1\nwrite: 1\nioctl: arg1 == 0x5401\n',
    [
      'x86_64 read -> ALLOW',
      'x86_64 ioctl 0 0x5401 -> ALLOW',
      'x86_64 ioctl 0 0x5402 -> KILL_THREAD',
      'x86_64 ioctl 0 0x100005401 -> KILL_THREAD',
      'x86_64 mkdir -> KILL_THREAD',
      'x86 read -> KILL_THREAD',
    ],
  ],
  [
    'errnos',
    'mkdir: return EPERM\nrmdir: return 13\nchdir: return\nread: arg0 == 0; return EBADF\n',
    [
      'x86_64 mkdir -> ERRNO(EPERM)',
      'x86_64 rmdir -> ERRNO(EACCES)',
      'x86_64 chdir -> KILL_THREAD',
      'x86_64 read 0 -> ALLOW',
      'x86_64 read 1 -> ERRNO(EBADF)',
    ],
  ],
  [
    'and, or',
    'socket: arg0 == AF_UNIX && arg1 != SOCK_RAW || arg0 == AF_INET\n',
    [
      'x86_64 socket AF_UNIX 1 -> ALLOW',
      'x86_64 socket AF_UNIX SOCK_RAW -> KILL_THREAD',
      'x86_64 socket AF_INET SOCK_RAW -> ALLOW',
      'x86_64 socket AF_INET6 1 -> KILL_THREAD',
    ],
  ],
  [
    'flags',
    'mmap: arg2 in ~PROT_EXEC || arg2 in ~PROT_WRITE\nopen: arg1 & O_CREAT|O_EXCL\n',
    [
      'x86_64 mmap 0 0 6 -> KILL_THREAD',
      'x86_64 mmap 0 0 5 -> ALLOW',
      'x86_64 mmap 0 0 3 -> ALLOW',
      'x86_64 open 0 O_CREAT -> ALLOW',
      'x86_64 open 0 O_EXCL -> ALLOW',
      'x86_64 open 0 1 -> KILL_THREAD',
    ],
  ],
  [
    'a range of one argument, which must hold as a whole',
    'kill: arg1 >= 3 && arg1 <= 12; return EPERM\n',
    [
      'x86_64 kill 0 2 -> ERRNO(EPERM)',
      'x86_64 kill 0 3 -> ALLOW',
      'x86_64 kill 0 12 -> ALLOW',
      'x86_64 kill 0 13 -> ERRNO(EPERM)',
      'x86_64 kill 0 0x100000003 -> ERRNO(EPERM)',
    ],
  ],
  [
    'a negative number, octal and parentheses',
    'lseek: arg1 == -1\nmkdir: arg1 == (0700|055)\n',
    [
      'x86_64 lseek 0 -1 -> ALLOW',
      'x86_64 lseek 0 0xffffffff -> KILL_THREAD',
      'x86_64 mkdir 0 0x1ed -> ALLOW',
    ],
  ],
  [
    'conditions that others leave nothing to',
    'kill: arg1 >= 3 || arg1 == 7 || arg1 < 2 || arg1 == 2\n',
    ['x86_64 kill 0 2 -> ALLOW', 'x86_64 kill 0 7 -> ALLOW', 'x86_64 kill 0 0 -> ALLOW'],
  ],
  [
    'lines that go on',
    'mkdir: arg1 == 1 || \\\n  arg1 == 2; \\\n  return 5\n@frequency ./x\n',
    ['x86_64 mkdir 0 2 -> ALLOW', 'x86_64 mkdir 0 3 -> ERRNO(EIO)'],
  ],
  [
    'alternatives that share a condition',
    'write: arg1 in 0xffffffff && arg0 <= 3 || arg2 <= 0xffffffff && arg1 in 0xffffffff; return 5\n',
    [
      'x86_64 write 9 5 6 -> ALLOW',
      'x86_64 write 9 0x100000000 6 -> ERRNO(EIO)',
      'x86_64 write 9 5 0x100000000 -> ERRNO(EIO)',
    ],
  ],
  [
    'several conditions, and an errno for the rest',
    'ioctl: arg0 == 1 && arg1 == 2 && arg2 == 3 || arg0 == 4 && arg1 != 5; return ENOTTY\n',
    [
      'x86_64 ioctl 1 2 3 -> ALLOW',
      'x86_64 ioctl 1 2 4 -> ERRNO(ENOTTY)',
      'x86_64 ioctl 4 5 -> ERRNO(ENOTTY)',
      'x86_64 ioctl 4 6 -> ALLOW',
    ],
  ],
];

describe("minijail's policies", () => {
  it.each(READ)('%s', (_, text, rows) => {
    expect(answeredRows(listPolicy(minijail, text), rows)).toEqual(rows);
  });

  it('has words of the compiler of policies', () => {
    const text = '@default trap\nread: allow\nmkdir: kill # never\nrmdir: kill-thread\nchdir: log\n';
    const rows = [
      'x86_64 read -> ALLOW',
      'x86_64 mkdir -> KILL_PROCESS',
      'x86_64 rmdir -> KILL_THREAD',
      'x86_64 chdir -> LOG',
      'x86_64 chmod -> TRAP',
    ];
    expect(answeredRows(listPolicy(minijail, text), rows)).toEqual(rows);
  });

  it('has the place of each name and each comparison', () => {
    const text = 'read: 1\nmkdir: arg1 == 1 || \\\n  arg1 == 2\n';
    const [read, ...mkdir] = readList(minijail, text).profile!.rules;
    const at = ({ start, end }: { start: number; end: number }) => text.slice(start, end);
    expect(at(read.names[0].span)).toBe('read');
    expect(mkdir.map(({ names, conditions }) => [at(names[0].span), at(conditions[0].span)])).toEqual([
      ['mkdir', 'arg1 == 1'],
      ['mkdir', 'arg1 == 2'],
    ]);
  });

  it('says that it does not follow files', () => {
    expect(readList(minijail, 'read: 1\n@include ./other.policy\n').warnings).toEqual([
      'list-elsewhere@@include ./other.policy',
    ]);
  });

  it.each([
    ['a call that is none', 'read: 1\nnosuchcall: 1\n', ['unknown-syscall@nosuchcall']],
    ['a call twice', 'read: 1\nread: return 5\n', ['list-syntax@read']],
    ['a comparison', 'read: 1\nmkdir: arg0 =~ 1\n', ['unknown-operator@=~']],
    ['an argument', 'read: 1\nmkdir: arg7 == 1\n', ['bad-argument-index@arg7']],
    ['a constant', 'read: 1\nmkdir: arg0 == NO_SUCH\n', ['bad-number@NO_SUCH']],
    ['an errno', 'read: 1\nmkdir: return ENOSUCH\n', ['unknown-errno@return ENOSUCH']],
    ['half a comparison', 'read: 1\nmkdir: arg0 == 1 ||\n', ['list-syntax@|']],
    ['a line without a colon', 'read: 1\nwrite: 1\nmkdir 1\n', ['list-syntax@mkdir 1']],
  ])('refuses %s', (_, text, faults) => {
    expect(readList(minijail, text).faults).toEqual(faults);
  });

  it('ends with a fault where conditions come to too many rules', () => {
    const test = Array.from({ length: 6 }, (_, i) => `arg${i} != 1 && arg${i} != 3 && arg${i} & 0xffff`).join(
      ' && ',
    );
    expect(readList(minijail, `read: 1\nmkdir: ${test}; return 1\n`).faults).toContain('too-complex@mkdir');
  });

  it.each([
    ['a profile', 'defaultAction: SCMP_ACT_ALLOW\n'],
    ['another YAML document', 'services:\n  web:\n    image: x\n'],
    ['a recording of strace', 'read(3, "", 1) = 0\n'],
    ['prose', 'Note: 1 of these\nand: others\n'],
    ['nothing', '# only a comment\n'],
  ])('does not take %s for its own', (_, text) => {
    expect(minijail.read!(text, 'x.policy')).toBeUndefined();
  });
});

describeWith(['root', 'strace', 'minijail0'], 'minijail0 itself', () => {
  it.each(READ.map(([about, text]) => [about, text.replace(/^@frequency.*$/m, '')]))(
    'loads what was read: %s',
    (_, text) => {
      const filters = filtersFor(text, ['minijail0', '-n', '-T', 'static', '-S', 'FILE', '--', '/bin/true']);
      expect(differencesFrom(listPolicy(minijail, text), filters, ['x86_64', 'x86', 'x32', 'other'])).toEqual(
        [],
      );
    },
  );
});
