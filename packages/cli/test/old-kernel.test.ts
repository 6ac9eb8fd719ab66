import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FLAG_SPEC_ALLOW, FLAG_WAIT_KILLABLE_RECV } from '@callgate/engine/internal/runtime/filter-flags';
import { afterAll, describe, expect, it } from 'vitest';

const BIN = join(import.meta.dirname, '../bin/callgate.js');
const EINVAL = 22;
const folder = mkdtempSync(join(tmpdir(), 'callgate-old-kernel-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A profile that answers seccomp(2) as a kernel does that lacks these flags. */
const withoutFlags = write('old-kernel.json', {
  defaultAction: 'SCMP_ACT_ALLOW',
  syscalls: [FLAG_SPEC_ALLOW, FLAG_WAIT_KILLABLE_RECV].map((flag) => ({
    names: ['seccomp'],
    action: 'SCMP_ACT_ERRNO',
    errnoRet: EINVAL,
    args: [{ index: 1, op: 'SCMP_CMP_MASKED_EQ', value: flag, valueTwo: flag }],
  })),
});

function write(name: string, profile: object): string {
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify(profile));
  return path;
}

function onOldKernel(...args: readonly string[]) {
  const callgate = [process.execPath, BIN];
  const [program, ...rest] = [...callgate, 'run', '--profile', withoutFlags, '--', ...callgate, ...args];
  return spawnSync(program, rest, { encoding: 'utf8' });
}

describe('on a kernel that lacks flags of seccomp(2)', () => {
  it('a profile is enforced all the same', () => {
    const denying = write('denying.json', {
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [{ names: ['mkdir'], action: 'SCMP_ACT_ERRNO', errnoRet: 95 }],
    });
    const script = ['sh', '-c', `mkdir ${join(folder, 'new')}; exit 3`];
    const { status, stderr } = onOldKernel('run', '--profile', denying, '--', ...script);
    expect([status, stderr]).toEqual([3, expect.stringContaining('Operation not supported')]);
  });

  it('notify records all the same', () => {
    const file = join(folder, 'recording.json');
    const { status, stderr } = onOldKernel('record', '-r', 'notify', '-o', file, '--', 'sh', '-c', 'exit 3');
    expect(status, stderr).toBe(3);
    expect(JSON.parse(readFileSync(file, 'utf8')).recorder).toBe('notify');
  });
});
