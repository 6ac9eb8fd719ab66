import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect } from 'vitest';
import { callgate, type Result } from './callgate.ts';

const folder = mkdtempSync(join(tmpdir(), 'callgate-filters-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Return values of filters. */
export const ALLOW = 0x7fff0000;
export const EPERM = 0x50001;

/** An instruction: code, jt, jf, k. */
export type Row = readonly [code: number, jt: number, jf: number, k: number];

/** A file of the test's own folder, which is removed in the end. */
export function path(name: string): string {
  return join(folder, name);
}

/** The content of a file, so that a difference can be read. */
export function bytes(file: string): string {
  return readFileSync(file).toString('hex');
}

/** struct sock_filter[], made without callgate. */
export function encode(rows: readonly Row[], endian: 'little' | 'big' = 'little'): Buffer {
  return Buffer.concat(
    rows.map(([code, jt, jf, k]) => {
      const row = Buffer.alloc(8);
      row.set([jt, jf], 2);
      if (endian === 'little') {
        row.writeUInt16LE(code, 0);
        row.writeUInt32LE(k, 4);
      } else {
        row.writeUInt16BE(code, 0);
        row.writeUInt32BE(k, 4);
      }
      return row;
    }),
  );
}

/** Writes a filter to a file. */
export function filter(name: string, content: readonly Row[] | Buffer): string {
  const file = path(name);
  writeFileSync(file, content instanceof Buffer ? content : encode(content as readonly Row[]));
  return file;
}

/** Writes a profile, or another document, to a file. */
export function profile(name: string, document: object): string {
  const file = path(name);
  writeFileSync(file, JSON.stringify(document, null, 2));
  return file;
}

let count = 0;

/** Compiles to a file of that kind and gives its name. */
export async function compiled(format: string, subject: string, ...flags: string[]): Promise<string> {
  const file = path(`${++count}.${format === 'raw' ? 'bpf' : format}`);
  const made = await callgate(['compile', subject, '--format', format, '-o', file, '--quiet', ...flags]);
  expect(made).toEqual({ status: 0, stdout: '', stderr: '' });
  return file;
}

/** What diff must say of two subjects that mean the same. */
export async function expectEqual(a: string, b: string, ...flags: string[]): Promise<void> {
  const { status, stdout, stderr } = await callgate(['diff', a, b, '--json', ...flags]);
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toEqual({ equal: true, differences: [] });
  expect(status).toBe(0);
}

/** That callgate could not do it, and how it must say so. */
export function expectOneLine(result: Result, says: RegExp): void {
  expect(result.stderr).toMatch(/^callgate: [^\n]+\n$/);
  expect(result.stderr).toMatch(says);
  expect(result).toMatchObject({ status: 2, stdout: '' });
}

/** A profile with conditions, and with three actions. */
export const conditional = profile('conditional.json', {
  defaultAction: 'SCMP_ACT_ERRNO',
  syscalls: [
    { names: ['read', 'write', 'exit_group', 'clone3'], action: 'SCMP_ACT_ALLOW' },
    { names: ['socket'], action: 'SCMP_ACT_ALLOW', args: [{ index: 0, value: 1, op: 'SCMP_CMP_EQ' }] },
    { names: ['ptrace'], action: 'SCMP_ACT_LOG' },
  ],
});
