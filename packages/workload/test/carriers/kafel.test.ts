import { filtersFor } from '@callgate/testing/loaded-filters';
import { describeWith } from '@callgate/testing/requirements';
import {
  answeredRows,
  differencesFrom,
  listPolicy,
  readList,
  SANDBOX_TARGET,
} from '@callgate/testing/sandbox-lists';
import { kafel } from '@callgate/workload/internal/carriers/kafel';
import { describe, expect, it } from 'vitest';

const READ: readonly (readonly [about: string, text: string, rows: readonly string[]])[] = [
  [
    'a policy that is used',
    'POLICY a {\n  ALLOW { read, write },\n  ERRNO(1) { mkdir }\n}\nUSE a\nDEFAULT KILL\n',
    [
      'x86_64 read -> ALLOW',
      'x86_64 mkdir -> ERRNO(EPERM)',
      'x86_64 rmdir -> KILL_THREAD',
      'x86 read -> KILL_THREAD',
    ],
  ],
  [
    'statements outside of policies, and the default that nobody names',
    'ALLOW { read } KILL_PROCESS { mkdir } LOG { write }\n',
    [
      'x86_64 read -> ALLOW',
      'x86_64 mkdir -> KILL_PROCESS',
      'x86_64 write -> LOG',
      'x86_64 rmdir -> KILL_THREAD',
    ],
  ],
  [
    'conditions on arguments by their names in the kernel, of 32 bits and of 64',
    'ALLOW { socket { family == 1 }, lseek { offset == 1 }, write { fd == 1 && count < 5, fd == 2 } }\n',
    [
      'x86_64 socket 1 -> ALLOW',
      'x86_64 socket 0x100000001 -> ALLOW',
      'x86_64 socket 2 -> KILL_THREAD',
      'x86_64 lseek 0 1 -> ALLOW',
      'x86_64 lseek 0 0x100000001 -> KILL_THREAD',
      'x86_64 write 1 0 4 -> ALLOW',
      'x86_64 write 1 0 5 -> KILL_THREAD',
      'x86_64 write 2 0 9 -> ALLOW',
    ],
  ],
  [
    'arguments by names of their own, of 64 bits',
    '#define NEWUSER 0x10000000\nALLOW { clone(flags) { (flags & NEWUSER) == 0 }, socket(a, b) { b == 2 } }\n',
    [
      'x86_64 clone 17 -> ALLOW',
      'x86_64 clone 0x10000011 -> KILL_THREAD',
      'x86_64 socket 0 2 -> ALLOW',
      'x86_64 socket 0 0x100000002 -> KILL_THREAD',
    ],
  ],
  [
    'the first answer that fits',
    'ERRNO(1) { socket { family == 1 } } ERRNO(2) { socket { type == 2 } } ALLOW { socket } ERRNO(3) { socket }\n',
    ['x86_64 socket 1 2 -> ERRNO(EPERM)', 'x86_64 socket 2 2 -> ERRNO(ENOENT)', 'x86_64 socket 2 1 -> ALLOW'],
  ],
  [
    'a policy that another uses, after what that says itself',
    'POLICY a { ERRNO(5) { mkdir, rmdir } } POLICY b { ERRNO(6) { mkdir }, USE a, USE a } USE b DEFAULT KILL\n',
    ['x86_64 mkdir -> ERRNO(ENXIO)', 'x86_64 rmdir -> ERRNO(EIO)'],
  ],
  [
    'not, or, and, numbers of all kinds',
    'ALLOW { ioctl { !(cmd == 0x10 || cmd == 020) && fd != 0b11 }, mmap { (prot & (2|4)) != 6 }, kill { sig >= 3 && sig <= 5 } }\n',
    [
      'x86_64 ioctl 0 15 -> ALLOW',
      'x86_64 ioctl 0 16 -> KILL_THREAD',
      'x86_64 ioctl 3 15 -> KILL_THREAD',
      'x86_64 mmap 0 0 6 -> KILL_THREAD',
      'x86_64 mmap 0 0 3 -> ALLOW',
      'x86_64 kill 0 4 -> ALLOW',
      'x86_64 kill 0 6 -> KILL_THREAD',
    ],
  ],
  [
    'the names that kafel has for calls, and numbers',
    'ALLOW { newstat, newuname, umount, sendfile64, SYSCALL[83], newfstat { fd == 0 } } // end\n/* of\n it */ DEFAULT TRAP(0)\n',
    [
      'x86_64 stat -> ALLOW',
      'x86_64 uname -> ALLOW',
      'x86_64 umount2 -> ALLOW',
      'x86_64 sendfile -> ALLOW',
      'x86_64 mkdir -> ALLOW',
      'x86_64 fstat 0 -> ALLOW',
      'x86_64 fstat 1 -> TRAP',
    ],
  ],
  [
    'a number on the left, a negative one, and one that is too long for its argument',
    'ALLOW { kill { 3 < sig }, lseek { offset == -1 }, socket { family == -1 }, socketpair { family == 0x100000001 } }\n',
    [
      'x86_64 kill 0 4 -> ALLOW',
      'x86_64 kill 0 3 -> KILL_THREAD',
      'x86_64 lseek 0 -1 -> ALLOW',
      'x86_64 socket 0xffffffff -> KILL_THREAD',
      'x86_64 socketpair 0x100000001 -> ALLOW',
      'x86_64 socketpair 1 -> KILL_THREAD',
    ],
  ],
];

describe("kafel's policies", () => {
  it.each(READ)('%s', (_, text, rows) => {
    expect(answeredRows(listPolicy(kafel, text), rows)).toEqual(rows);
  });

  it('restricts calls to machines', () => {
    const text = 'ALLOW { mkdir ON x86_64, read ON { arm, aarch64 }, write }';
    const rows = ['x86_64 mkdir -> ALLOW', 'x86_64 read -> KILL_THREAD', 'x86_64 write -> ALLOW'];
    expect(answeredRows(listPolicy(kafel, text), rows)).toEqual(rows);
    const other = ['aarch64 read -> ALLOW', 'aarch64 write -> ALLOW'];
    expect(answeredRows(listPolicy(kafel, text, { ...SANDBOX_TARGET, native: 'aarch64' }), other)).toEqual(
      other,
    );
  });

  it('has the place of each call and each comparison', () => {
    const text = 'ALLOW { read, socket { family == 1 } }';
    const [read, socket] = readList(kafel, text).profile!.rules;
    const at = ({ start, end }: { start: number; end: number }) => text.slice(start, end);
    expect([at(read.names[0].span), at(socket.names[0].span), at(read.action.span)]).toEqual([
      'read',
      'socket',
      'ALLOW',
    ]);
    expect(at(socket.conditions[0].span)).toBe('family == 1');
  });

  it.each([
    ['a call that is none', 'ALLOW { nosuchcall }', ['unknown-syscall@nosuchcall']],
    ['an argument that is none', 'ALLOW { read { nosuch == 1 } }', ['bad-argument-index@nosuch']],
    ['a policy that is none', 'USE a', ['list-syntax@a']],
    ['two arguments', 'ALLOW { read { fd == count } }', ['list-inexpressible@fd == count']],
    [
      'bits of an argument by their size',
      'ALLOW { read { (count & 0xff) < 5 } }',
      ['list-inexpressible@(count & 0xff) < 5'],
    ],
    ['a comma at the end', 'ALLOW { read, }', ['list-syntax@}']],
    ['a comment that does not end', 'ALLOW { read } /* ', ['list-syntax@/*']],
    ['two defaults', 'ALLOW { read } DEFAULT KILL DEFAULT LOG', ['list-syntax@DEFAULT']],
    ['half a text', 'ALLOW { read', ['list-syntax@d']],
    ['an errno', 'ERRNO(70000) { read }', ['bad-number@ERRNO']],
    [
      'a hundred parentheses',
      `ALLOW { read { ${'('.repeat(100)}fd == 1${')'.repeat(100)} } }`,
      ['list-syntax@('],
    ],
  ])('refuses %s', (_, text, faults) => {
    expect(readList(kafel, text).faults).toEqual(faults);
  });

  it('says that it does not follow files, and what is lost', () => {
    expect(readList(kafel, '#include "x.policy"\nALLOW { read } TRAP(7) { mkdir }').warnings).toEqual([
      'list-elsewhere@#include "x.policy"',
      'list-inexpressible@TRAP',
    ]);
  });

  it('says where calls of x32 get the default action', () => {
    expect(readList(kafel, 'KILL { mkdir } DEFAULT ALLOW').warnings).toEqual(['list-inexpressible@ALLOW']);
  });

  it.each([
    ['C', '#include <stdio.h>\n#define A 1\nint main() { return A; }\n'],
    ['JSON', '{"defaultAction": "SCMP_ACT_ALLOW"}'],
    ['prose', 'ALLOW all of them, DEFAULT or not\n'],
    ['YAML', 'DEFAULT: ALLOW\n'],
  ])('does not take %s for its own', (_, text) => {
    expect(kafel.read!(text, 'x.kafel')).toBeUndefined();
  });
});

const NSJAIL = ['user', 'ns', 'pid', 'net', 'ipc', 'uts', 'cgroup'].map(
  (kind) => `--disable_clone_new${kind}`,
);

describeWith(['root', 'strace', 'nsjail'], 'nsjail itself', () => {
  it.each(READ)('loads what was read: %s', (_, text) => {
    const flags = ['-q', '-Mo', '--chroot', '/', ...NSJAIL, '--disable_rlimits', '--seccomp_policy', 'FILE'];
    const filters = filtersFor(text, ['nsjail', ...flags, '--', '/bin/true']);
    // The others differ where x32 is meant, which kafel does not tell from x86_64.
    expect(differencesFrom(listPolicy(kafel, text), filters, ['x86_64', 'x86', 'other'])).toEqual([]);
  });
});
