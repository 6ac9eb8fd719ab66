import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { callsOf } from '@callgate/engine/internal/syscalls/lookup';
import { callgate, spawnCallgate } from '@callgate/testing/callgate';
import { afterAll, describe, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'callgate-shrink-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** Every call that this machine has, allowed by name. */
const EVERYTHING = JSON.stringify({
  defaultAction: 'SCMP_ACT_ERRNO',
  syscalls: [{ names: callsOf('x86_64').map(([name]) => name), action: 'SCMP_ACT_ALLOW' }],
});

describe('shrink', () => {
  const profile = join(folder, 'ls.json');
  const smaller = join(folder, 'small.json');
  const command = ['--', 'ls', '/'];

  it('finds what a program can do without, and the smaller profile still works', async () => {
    expect(spawnCallgate(['record', '-q', '-p', profile, ...command]).status).toBe(0);
    const { status, stdout } = await callgate([
      'shrink',
      profile,
      '--trials',
      '1',
      '--json',
      '-o',
      smaller,
      ...command,
    ]);
    expect(status).toBe(1);
    const { dispensable, unused, needed } = JSON.parse(stdout);
    // ls asks for the terminal's width, and lists without an answer.
    expect(dispensable).toContain('ioctl');
    expect(unused).toContain('getcpu');
    expect(needed).toContain('openat');
    for (const name of [...dispensable, 'execve']) expect(needed).not.toContain(name);
    const run = spawnCallgate(['run', '--profile', smaller, ...command]);
    expect(run.status).toBe(0);
    expect(run.stdout).toContain('etc');
    expect((await callgate(['shrink', smaller, '--trials', '1', ...command])).status).toBe(0);
  });

  it('drops only what is never called when it may not try', async () => {
    const { stdout } = await callgate([
      'shrink',
      profile,
      '--trials',
      '1',
      '--action',
      'log',
      '--json',
      ...command,
    ]);
    const { dispensable, unused } = JSON.parse(stdout);
    expect(dispensable).toEqual(unused);
    expect(dispensable).not.toContain('ioctl');
  });

  it('refuses a program that does not end the same way twice', async () => {
    const flaky = ['--', 'sh', '-c', `if [ -e ${folder}/flag ]; then exit 1; fi; : > ${folder}/flag`];
    const shell = join(folder, 'sh.json');
    spawnCallgate(['record', '-q', '-p', shell, '--', 'sh', '-c', `: > ${folder}/flag`]);
    rmSync(join(folder, 'flag'));
    const { status, stderr } = await callgate(['shrink', shell, '--trials', '2', ...flaky]);
    expect(status).toBe(2);
    expect(stderr).toMatch(/does not work the same way every time/);
  });

  it('counts a failing check as not working', async () => {
    const { status, stderr } = await callgate([
      'shrink',
      profile,
      '--trials',
      '1',
      '--check',
      'false',
      ...command,
    ]);
    expect(status).toBe(2);
    expect(stderr).toMatch(/the check failed/);
  });

  it.each([
    ['nosuchcmd', 127],
    ['/etc/passwd', 126],
    [folder, 126],
  ])('says what run says when %s cannot be run', async (program, status) => {
    const shrunk = await callgate(['shrink', profile, '--', program]);
    const run = await callgate(['run', '-p', profile, '--', program]);
    expect(shrunk).toEqual(run);
    expect(shrunk.status).toBe(status);
    expect(shrunk.stderr).toMatch(/^callgate: [^\n]+\n$/);
  });

  it('says what run says of a script whose interpreter is missing', async () => {
    const script = file('script', '#!/no/such/interpreter\n');
    chmodSync(script, 0o755);
    const { status, stderr } = await callgate(['shrink', profile, '--', script]);
    expect({ status, stderr }).toEqual({
      status: 127,
      stderr: `callgate: ${script}: cannot be executed: no such file or directory (ENOENT)\n`,
    });
  });

  it.each([
    ['a check', ['--check', 'false'], ['ls', '/'], 'it ended with 0, and the check failed'],
    ['the time', ['--timeout', '1'], ['sleep', '9'], 'it took longer than 1 second'],
  ])('says when %s fails with everything allowed, too', async (_what, flags, program, how) => {
    const open = file('open.json', EVERYTHING);
    const { status, stderr } = await callgate(['shrink', open, '--trials', '1', ...flags, '--', ...program]);
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: `callgate: the program fails with everything allowed, too (${how}); nothing can be tried\n`,
    });
  });

  it('says when only the profile makes the program fail', async () => {
    const rules = JSON.parse(EVERYTHING.replace('"getcwd",', ''));
    rules.syscalls.push({ names: ['getcwd'], action: 'SCMP_ACT_KILL_PROCESS' });
    const deadly = file('deadly.json', JSON.stringify(rules));
    const { status, stderr } = await callgate(['shrink', deadly, '--trials', '2', '--', '/bin/pwd', '-P']);
    expect(status).toBe(2);
    expect(stderr).toMatch(/fails under the whole profile \(it died of SIGSYS.*works without a filter/);
  });

  it('takes no failure for success, unless it is told which status that is', async () => {
    const failing = ['--trials', '1', '--action', 'log', '--', 'ls', '/no/such/file'];
    const { status, stderr } = await callgate(['shrink', profile, ...failing]);
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr:
        'callgate: the program fails with everything allowed, too (it ended with 2); if that is how it works, say so: --status 2\n',
    });
    expect((await callgate(['shrink', profile, '--status', '2', ...failing])).status).toBe(1);
  });

  it('takes calls out of rules of the old form, and keeps what is needed of them', async () => {
    const rules = JSON.parse(readFileSync(profile, 'utf8'));
    const names = rules.syscalls.flatMap((rule: { names: string[] }) => rule.names);
    const old = file(
      'old.json',
      JSON.stringify({
        defaultAction: 'SCMP_ACT_ERRNO',
        syscalls: [...names, 'mkdir'].map((name: string) => ({ name, action: 'SCMP_ACT_ALLOW' })),
      }),
    );
    const result = join(folder, 'old-small.json');
    const flags = ['--trials', '1', '--action', 'log', '--runtime', 'docker', '-o', result];
    const { status, stdout } = await callgate(['shrink', old, ...flags, ...command]);
    expect({ status, mkdir: stdout.includes('mkdir') }).toEqual({ status: 1, mkdir: true });
    expect(spawnCallgate(['run', '--profile', result, '--runtime', 'docker', ...command]).status).toBe(0);
  });

  it('refuses a profile from which no name can be taken away', async () => {
    const { status, stderr } = await callgate([
      'shrink',
      file('default.json', '{"defaultAction":"SCMP_ACT_ALLOW"}'),
      ...command,
    ]);
    expect(status).toBe(2);
    expect(stderr).toMatch(/lets everything pass that it does not name/);
  });
});
