import { readFileSync } from 'node:fs';
import { callgate } from '@callgate/testing/callgate';
import { ALLOW, EPERM, filter, path, type Row } from '@callgate/testing/filter-files';
import { describe, expect, it } from 'vitest';

describe('decompile', () => {
  it.each<[string, readonly Row[], RegExp]>([
    [
      'the instruction pointer',
      [
        [0x20, 0, 0, 8],
        [0x15, 0, 1, 0x1000],
        [0x06, 0, 0, EPERM],
        [0x06, 0, 0, ALLOW],
      ],
      /instruction pointer/,
    ],
    ['foreign architectures', [[0x06, 0, 0, ALLOW]], /other architectures/],
    [
      'foreign architectures with an errno',
      [
        [0x20, 0, 0, 4],
        [0x15, 1, 0, 0xc000003e],
        [0x06, 0, 0, EPERM],
        [0x06, 0, 0, ALLOW],
      ],
      /other architectures/,
    ],
  ])('names what no profile can say: %s', async (_, rows, says) => {
    const inexpressible = filter('inexpressible.bpf', rows);
    const { status, stdout, stderr } = await callgate(['decompile', inexpressible, '-o', path('best.json')]);
    expect(stderr).toMatch(says);
    expect(stderr).not.toMatch(/proven equal/);
    expect([status, stdout]).toEqual([1, '']);
    const told = await callgate(['decompile', inexpressible, '--json']);
    expect([told.status, told.stderr]).toEqual([1, '']);
    const { equal, differences, profile } = JSON.parse(told.stdout);
    expect([equal, profile]).toEqual([false, JSON.parse(readFileSync(path('best.json'), 'utf8'))]);
    expect(differences[0]).toMatchObject({
      before: { action: 'ALLOW' },
      witness: { args: expect.any(Array) },
    });
  });

  it('makes no profile of a process that has no filter', async () => {
    const { status, stdout, stderr } = await callgate(['decompile', `pid:${process.pid}`]);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain('has no filter: every call passes; there is nothing to decompile');
  });
});
