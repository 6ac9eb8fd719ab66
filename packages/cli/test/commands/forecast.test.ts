import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { callgate } from '@callgate/testing/callgate';
import { afterAll, describe, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'callgate-forecast-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** As a log of a program on glibc 2.36 shows them (docs/libc.md). */
const CALLS = [
  'brk',
  'clone',
  'clone3',
  'close',
  'execve',
  'exit_group',
  'mmap',
  'newfstatat',
  'openat',
  'read',
  'write',
];

function written(name: string, names: readonly string[], ...more: readonly object[]): string {
  const path = join(folder, name);
  const syscalls = [{ names, action: 'SCMP_ACT_ALLOW' }, ...more];
  writeFileSync(
    path,
    JSON.stringify({ defaultAction: 'SCMP_ACT_ERRNO', architectures: ['SCMP_ARCH_X86_64'], syscalls }),
  );
  return path;
}

async function forecast(...args: string[]) {
  const { status, stdout, stderr } = await callgate(['forecast', ...args, '--arch', 'x86_64', '--json']);
  expect(stderr).toBe('');
  const findings: { code: string; witness: { syscall: string }; message: string }[] =
    JSON.parse(stdout).findings;
  return {
    status,
    findings,
    names: (code: string) => findings.filter((f) => f.code === code).map((f) => f.witness.syscall),
  };
}

describe('forecast', () => {
  it('names what an older and a newer libc call instead', async () => {
    const profile = written('p.json', CALLS);
    const older = await forecast(profile, '--libc-range', 'glibc:2.31-2.36');
    // glibc 2.31 has calls of their own for stat, lstat and fstat.
    expect(older.names('breaks-with-libc')).toEqual(expect.arrayContaining(['stat', 'lstat', 'fstat']));
    expect(older.status).toBe(1);
    const newer = await forecast(profile, '--libc-range', 'glibc:2.36-2.43');
    // The loader of newer ones reads notes of the library.
    expect(newer.names('breaks-with-libc')).toContain('pread64');
    expect(newer.names('breaks-with-libc')).not.toContain('lstat');
  });

  it('says nothing of a call that libc does without', async () => {
    // A newer call, so that the runtime's own ENOSYS does not reach down to clone3.
    const without = ['faccessat2', ...CALLS.filter((name) => name !== 'clone3')];
    const breaks = async (profile: string) =>
      (await forecast(profile, '--libc-range', 'glibc:2.31-2.36')).names('breaks-with-libc');
    expect(await breaks(written('eperm.json', without))).toContain('clone3');
    const enosys = { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: 38 };
    expect(await breaks(written('enosys.json', without, enosys))).not.toContain('clone3');
  });

  it('agrees with build: what that adds for a range does not break in it, by any call that was seen', async () => {
    const log = join(folder, 'strace.log');
    writeFileSync(log, CALLS.map((name) => `${name}() = 0\n`).join(''));
    const built = join(folder, 'built.json');
    const range = ['--libc-range', 'glibc:2.31-2.43', '--kernel-range', '5.10-7.2'];
    await callgate(['build', log, '-o', built, '-q', '--arch', 'x86_64', ...range]);
    const { findings } = await forecast(built, ...range);
    const seen = new RegExp(`called instead of (${CALLS.join('|')}),`);
    expect(findings.filter(({ message }) => seen.test(message))).toEqual([]);
  });

  it('ends with 0 where nothing breaks', async () => {
    const { status, stdout } = await callgate(['forecast', 'stock:docker']);
    expect([status, stdout]).toEqual([
      0,
      expect.stringMatching(/^stock:docker: nothing breaks with glibc:2\.31-2\.43/),
    ]);
  });

  it('refuses a range that is none', async () => {
    expect((await callgate(['forecast', 'stock:docker', '--libc-range', 'glibc:3'])).status).toBe(2);
  });
});
