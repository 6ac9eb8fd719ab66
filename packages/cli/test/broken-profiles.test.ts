import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BROKEN, profileOfRule } from '@callgate/testing/broken-profiles';
import { callgate } from '@callgate/testing/callgate';
import { afterAll, describe, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'callgate-broken-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a broken profile gives one clear diagnostic and status 2', () => {
  it.each(BROKEN)('%s', async (_what, text, code, at) => {
    const file = join(folder, 'profile.json');
    writeFileSync(file, text);
    const { status, stdout, stderr } = await callgate(['explain', file, 'read']);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^callgate: [^\n]+\n$/);
    const before = text.slice(0, text.lastIndexOf(at)).split('\n');
    expect(stderr).toContain(`${file}:${before.length}:${before.at(-1)!.length + 1}: error: `);
    expect(stderr).toContain(`[${code}]`);
  });

  it('a file of 100 MB, which is not read', async () => {
    const file = join(folder, 'huge.json');
    const fd = openSync(file, 'w');
    ftruncateSync(fd, 100 * 1024 * 1024);
    closeSync(fd);
    const { status, stderr } = await callgate(['explain', file, 'read']);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^callgate: [^\n]+\[too-large\]\n$/);
  });

  it('100 MB through stdin', async () => {
    const { status, stderr } = await callgate(['explain', '-', 'read'], {
      input: ' '.repeat(100 * 1024 * 1024),
    });
    expect(status).toBe(2);
    expect(stderr).toMatch(/^callgate: [^\n]+\[too-large\]\n$/);
  });

  it('bytes that are not UTF-8', async () => {
    const file = join(folder, 'latin1.json');
    writeFileSync(file, Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]));
    const { status, stderr } = await callgate(['explain', file, 'read']);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^callgate: [^\n]+\[not-utf8\]\n$/);
  });

  it.each([
    [
      'a YAML bomb',
      `a0: &a0 [x]\n${Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]\n`).join('')}`,
      'too-large',
    ],
    ['broken YAML', 'defaultAction: [SCMP_ACT_ALLOW\n', 'yaml-syntax'],
    ['deep YAML', `${'['.repeat(50_000)}`, 'too-deep'],
    ['deep YAML blocks', Array.from({ length: 600 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'), 'too-deep'],
    [
      'a duplicate key in YAML',
      'defaultAction: SCMP_ACT_ALLOW\ndefaultAction: SCMP_ACT_LOG\n',
      'duplicate-key',
    ],
  ])('%s', async (_what, text, code) => {
    const file = join(folder, 'profile.yaml');
    writeFileSync(file, text);
    const { status, stderr } = await callgate(['explain', file, 'read']);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^callgate: [^\n]+\n$/);
    expect(stderr).toContain(`[${code}]`);
  });

  it('a path that does not exist, a folder, and a name with escape codes', async () => {
    for (const path of ['/no/such/file', folder, '\u001b[31mred']) {
      const { status, stderr } = await callgate(['explain', path, 'read']);
      expect(status).toBe(2);
      expect(stderr).toMatch(/^callgate: cannot read [^\n\u001b]+\n$/);
    }
  });

  it('says what was meant', async () => {
    const file = join(folder, 'typo.json');
    writeFileSync(file, profileOfRule('{ "names": ["opneat"], "action": "SCMP_ACT_ERRNO" }'));
    expect((await callgate(['explain', file, 'openat'])).stderr).toContain('did you mean "openat"?');
    expect((await callgate(['explain', file, 'openat', '--allow-unknown'])).status).toBe(0);
  });
});
