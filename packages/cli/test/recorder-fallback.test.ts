import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeWith } from '@callgate/testing/requirements';
import { afterAll, expect, it } from 'vitest';

const BIN = join(import.meta.dirname, '../bin/callgate.js');
const folder = mkdtempSync(join(tmpdir(), 'callgate-fallback-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Enough open files to find out that eBPF works, too few for all of its maps and programs. */
const FEW_FILES = 32;

function recordWithFewFiles(recorder: string) {
  const file = join(folder, `${recorder}.json`);
  const command = `ulimit -n ${FEW_FILES}; exec "$@"`;
  const callgate = [process.execPath, BIN, 'record', '-r', recorder, '-o', file, '--', 'true'];
  return { file, ...spawnSync('sh', ['-c', command, 'sh', ...callgate], { encoding: 'utf8' }) };
}

describeWith(['root', 'ebpf'], 'where a recorder works, but cannot start', () => {
  it('another one takes its place when none was named', () => {
    const { status, stderr, file } = recordWithFewFiles('auto');
    expect(status, stderr).toBe(0);
    expect(stderr).toMatch(/^callgate: ebpf cannot record here: .*EMFILE\); recording with notify$/m);
    expect(JSON.parse(readFileSync(file, 'utf8')).recorder).toBe('notify');
  });

  it('one that was named says why', () => {
    const { status, stderr } = recordWithFewFiles('ebpf');
    expect([status, stderr]).toEqual([
      125,
      expect.stringMatching(/^callgate: ebpf cannot record here: .*too many open files \(EMFILE\)\n$/),
    ]);
  });
});
