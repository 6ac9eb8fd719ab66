import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isTar, readTar, writeTar } from '@callgate/workload/internal/carriers/tar';
import { contentBytes } from '@callgate/workload/internal/carriers/utf8';
import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'callgate-tar-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const LONG = `seccomp/${'long-'.repeat(15)}/${'name-'.repeat(10)}.json`;
const FILES = [
  { path: 'index.json', content: '{"é": 1}' },
  { path: 'blobs/empty', content: '' },
  { path: LONG, content: new Uint8Array(1025).fill(7) },
];

it('is unpacked by tar', () => {
  writeFileSync(join(folder, 'ours.tar'), writeTar(FILES));
  mkdirSync(join(folder, 'unpacked'));
  execFileSync('tar', ['-xf', join(folder, 'ours.tar'), '-C', join(folder, 'unpacked')]);
  for (const { path, content } of FILES)
    expect(new Uint8Array(readFileSync(join(folder, 'unpacked', path)))).toEqual(contentBytes(content));
});

it('reads what tar packs, and what it writes itself', () => {
  execFileSync('tar', [
    '--format=ustar',
    '-cf',
    join(folder, 'theirs.tar'),
    '-C',
    join(folder, 'unpacked'),
    '.',
  ]);
  const theirs = readTar(readFileSync(join(folder, 'theirs.tar')));
  const sorted = (files: typeof theirs) =>
    files.map(({ path, content }) => [path, [...contentBytes(content)]]).sort(([a], [b]) => (a < b ? -1 : 1));
  expect(sorted(theirs)).toEqual(sorted(FILES));
  expect(sorted(readTar(writeTar(FILES)))).toEqual(sorted(FILES));
});

it('takes whatever bytes there are', () => {
  const start = writeTar(FILES);
  fc.assert(
    fc.property(fc.nat(start.length - 1), fc.nat(255), fc.nat(start.length), (at, byte, length) => {
      const spoiled = start.slice(0, length);
      spoiled[at] = byte;
      readTar(spoiled);
    }),
  );
  expect(isTar(new Uint8Array(600))).toBe(false);
});
