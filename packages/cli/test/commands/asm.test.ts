import { existsSync } from 'node:fs';
import { callgate } from '@callgate/testing/callgate';
import { ALLOW, bytes, EPERM, expectOneLine, filter, path, type Row } from '@callgate/testing/filter-files';
import { describe, expect, it } from 'vitest';

/** Filters that nobody's compiler writes. */
const ODD: Readonly<Record<string, { rows: readonly Row[]; refused?: true }>> = {
  'junk in fields that the kernel ignores': {
    rows: [
      [0x20, 7, 9, 0],
      [0x87, 3, 0, 5],
      [0x07, 0, 1, 3],
      [0x06, 1, 2, ALLOW],
    ],
  },
  'every kind of instruction': {
    rows: [
      [0x00, 0, 0, 5],
      [0x02, 0, 0, 3],
      [0x01, 0, 0, 0xffffffff],
      [0x03, 0, 0, 15],
      [0x60, 0, 0, 3],
      [0x61, 0, 0, 15],
      [0x80, 0, 0, 0],
      [0x81, 0, 0, 0],
      [0x04, 0, 0, 1],
      [0x0c, 0, 0, 0],
      [0x64, 0, 0, 31],
      [0x34, 0, 0, 7],
      [0x54, 0, 0, 0xff],
      [0x05, 0, 0, 1],
      [0x06, 0, 0, 0],
      [0x1d, 0, 1, 0],
      [0x2d, 0, 0, 0],
      [0x45, 1, 0, 0x80000000],
      [0x06, 0, 0, EPERM],
      [0x06, 0, 0, ALLOW],
    ],
  },
  'the number returned': {
    rows: [
      [0x20, 0, 0, 0],
      [0x16, 0, 0, 0],
    ],
  },
  'the instruction pointer': {
    rows: [
      [0x20, 0, 0, 8],
      [0x15, 0, 1, 0x1000],
      [0x06, 0, 0, EPERM],
      [0x06, 0, 0, ALLOW],
    ],
  },
  'codes that no filter may have': {
    rows: [
      [0x28, 0, 0, 0],
      [0xffff, 1, 2, 3],
      [0x94, 0, 0, 2],
      [0x06, 0, 0, ALLOW],
    ],
    refused: true,
  },
  'a jump behind the end': {
    rows: [
      [0x15, 200, 100, 1],
      [0x06, 0, 0, 0],
    ],
    refused: true,
  },
  'no return': { rows: [[0x20, 0, 0, 0]], refused: true },
};

describe('asm', () => {
  it.each(Object.keys(ODD))('loses nothing of what disasm says of %s', async (name) => {
    const { rows, refused } = ODD[name];
    const odd = filter('odd.bpf', rows);
    const { status, stdout } = await callgate(['disasm', odd]);
    expect(status).toBe(0);
    const again = path('odd-again.bpf');
    // Written in any case; the status says whether the kernel would take it.
    const assembled = await callgate(['asm', '-', '-o', again], { input: stdout });
    expect(assembled.status).toBe(refused ? 1 : 0);
    expect(bytes(again)).toBe(bytes(odd));
    const document = JSON.parse((await callgate(['asm', '-', '--json'], { input: stdout })).stdout);
    expect(document).toMatchObject({ instructions: rows.length, program: rows });
    expect(document.refusal !== null).toBe(refused ?? false);
  });

  it.each([
    ['an unknown instruction', 'ld [0]\n  foo #3\nret #0\n', '2:3'],
    ['a missing label', 'start: ld [0]\n  jeq #1, nowhere, start\nret #0\n', '2:3'],
    ['a jump backwards', 'a: ld [0]\nret #0\n    ja a\nret #0\n', '3:5'],
    ['a label twice', 'a: ld [0]\na: ret #0\n', '2:1'],
    ['a wrong operand', '; comment\n\n  ret [4]\n', '3:3'],
    ['a number that is too large', 'ret #4294967296\n', '1:1'],
    ['nothing', '', '1:1'],
    ['comments alone', '; ret #0\n', '1:1'],
  ])('places %s', async (_, text, at) => {
    expectOneLine(
      await callgate(['asm', '-', '-o', path('bad.bpf')], { input: text }),
      new RegExp(` -:${at}: `),
    );
    expect(existsSync(path('bad.bpf'))).toBe(false);
  });
});
