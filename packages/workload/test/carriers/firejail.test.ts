import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeProgram } from '@callgate/engine/internal/bpf/encode';
import { withFolder } from '@callgate/testing/loaded-filters';
import { describeWith } from '@callgate/testing/requirements';
import { answeredRows, differencesFrom, listPolicy, readList } from '@callgate/testing/sandbox-lists';
import { firejail } from '@callgate/workload/internal/carriers/firejail';
import { describe, expect, it } from 'vitest';

describe("firejail's seccomp commands", () => {
  it.each([
    [
      'the usual list',
      'include x.inc\nnoroot\nseccomp\n',
      ['x86_64 mount -> ERRNO(EPERM)', 'x86_64 ptrace -> ERRNO(EPERM)', 'x86_64 mkdir -> ALLOW'],
    ],
    [
      'the usual list, for who debugs',
      'allow-debuggers\nseccomp mkdir\n',
      ['x86_64 mount -> ERRNO(EPERM)', 'x86_64 ptrace -> ALLOW', 'x86_64 mkdir -> ERRNO(EPERM)'],
    ],
    [
      'more than the usual list, and less',
      'seccomp mkdir,!mount,rmdir:ENOENT\n',
      [
        'x86_64 mkdir -> ERRNO(EPERM)',
        'x86_64 mount -> ALLOW',
        'x86_64 rmdir -> ERRNO(ENOENT)',
        'x86_64 swapon -> ERRNO(EPERM)',
      ],
    ],
    [
      'a list of its own',
      'seccomp.drop @mount,!chroot,$83\nseccomp-error-action ENOSYS\n',
      [
        'x86_64 mount -> ERRNO(ENOSYS)',
        'x86_64 chroot -> ALLOW',
        'x86_64 mkdir -> ERRNO(ENOSYS)',
        'x86_64 swapon -> ALLOW',
      ],
    ],
    [
      'a list of what passes',
      'seccomp.keep read,write,mkdir:EACCES\nseccomp-error-action kill\n',
      [
        'x86_64 read -> ALLOW',
        'x86_64 execve -> ALLOW',
        'x86_64 mkdir -> ERRNO(EACCES)',
        'x86_64 rmdir -> KILL_THREAD',
      ],
    ],
    [
      'the list that counts of two',
      'seccomp\nseccomp.drop mkdir\n',
      ['x86_64 mkdir -> ERRNO(EPERM)', 'x86_64 mount -> ALLOW'],
    ],
  ])('%s', (_, text, rows) => {
    expect(answeredRows(listPolicy(firejail, text), rows)).toEqual(rows);
  });

  it('tells what a profile cannot say, and what firejail passes over', () => {
    expect(readList(firejail, 'seccomp.drop nosuchcall,mkdir:log,mkdir\n').warnings).toEqual([
      'list-inexpressible@seccomp.drop',
      'unknown-syscall@nosuchcall',
      'list-ignored@mkdir:log',
    ]);
    expect(readList(firejail, 'seccomp.block-secondary\nseccomp.drop mkdir\n').warnings).toEqual([
      'list-inexpressible@seccomp.block-secondary',
    ]);
    expect(readList(firejail, 'seccomp.32.drop mkdir\nseccomp.drop mkdir\n').warnings).toEqual([
      'list-inexpressible@seccomp.32.drop',
    ]);
    expect(readList(firejail, 'seccomp.drop @nosuch\n').faults).toEqual(['list-ignored@@nosuch']);
  });

  it.each([
    ['a list of calls', 'read\nwrite\nseccomp\n'],
    ['a profile without seccomp', 'include x.inc\nnoroot\n'],
  ])('does not take %s for its own', (_, text) => {
    expect(firejail.read!(text, 'x.profile')).toBeUndefined();
  });
});

describeWith(['fseccomp'], 'fseccomp itself', () => {
  it.each([
    ['seccomp.drop', 'mkdir,rmdir:ENOENT,chdir:kill,!rmdir,nosuchcall,$0,@mount,!umount2,!mkdirat,mkdirat'],
    ['seccomp.keep', '@basic-io,mkdir:ENOENT,!write,exit_group'],
    ['seccomp', 'mkdir,!mount'],
  ])('makes what was read: %s', (command, list) => {
    const bytes = withFolder((folder) => {
      const files = ['one', 'two'].map((name) => join(folder, name));
      const kind = { seccomp: ['default', 'drop'], 'seccomp.drop': ['drop'], 'seccomp.keep': ['keep'] }[
        command
      ]!;
      spawnSync('/usr/lib/x86_64-linux-gnu/firejail/fseccomp', [...kind, ...files, list]);
      return readFileSync(files[0]);
    });
    const policy = listPolicy(firejail, `${command} ${list}\n`);
    const differences = differencesFrom(policy, [decodeProgram(bytes, 'little')!], ['x86_64']);
    // A number below 0, which only a tracer can make of a call.
    expect(differences.filter((difference) => !difference.startsWith('x86_64 4294967295('))).toEqual([]);
  });
});
