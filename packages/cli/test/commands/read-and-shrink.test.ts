import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Observation, Phase } from '@callgate/engine/recording/recording';
import { callsOf, numberOf } from '@callgate/engine/syscalls/lookup';
import { afterAll, describe, expect, it } from 'vitest';
import { recordingOf } from '../../../engine/test/recordings.ts';
import { callgate } from '../callgate.ts';

const folder = mkdtempSync(join(tmpdir(), 'callgate-read-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const STRACE = 'openat(AT_FDCWD, "x", O_RDONLY) = 3\nread(3, "", 1) = 0\nread(3, "", 1) = 0\nwhat is this\n';

describe('read', () => {
  it('says what was understood, what was not and where, and what is assumed', () => {
    const { status, stdout, stderr } = callgate(['read', file('log', STRACE)]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/strace, 4 lines\n/);
    expect(stdout).toContain('2 system calls, called 3 times on x86_64');
    expect(stdout).toContain('ABI not told for 3 calls');
    expect(stdout).toContain('line 4: what is this');
  });

  it('writes a recording that is read again as it is', () => {
    const out = join(folder, 'out.json');
    const { stdout } = callgate(['read', '--json', '-o', out, '--kernel', '5.10', file('log', STRACE)]);
    const recording = JSON.parse(stdout);
    expect(JSON.parse(readFileSync(out, 'utf8'))).toEqual(recording);
    expect(recording).toMatchObject({
      recorder: 'strace',
      machine: { kernel: '5.10' },
      runs: 1,
      lost: 0,
      ambiguous: 3,
    });
    expect(recording.observations).toContainEqual({
      arch: 'x86_64',
      nr: 0,
      name: 'read',
      count: 2,
      phase: 'run',
      denied: 0,
      assumed: true,
    });
    expect(JSON.parse(callgate(['read', '--json', out]).stdout)).toEqual(recording);
  });

  it('says of a recording when each call was made', () => {
    const seen = (name: string, phase: Phase, count = 1): Observation => {
      return { arch: 'x86_64', nr: numberOf('x86_64', name)!, name, count, phase, denied: 1 };
    };
    const recording = recordingOf([
      seen('close', 'runtime'),
      seen('brk', 'startup'),
      seen('read', 'startup'),
      seen('read', 'steady', 5),
      seen('exit_group', 'shutdown'),
      seen('unlink', 'exec'),
      seen('read', 'exec'),
    ]);
    const { stdout } = callgate(['read', file('life.json', JSON.stringify(recording))]);
    expect(stdout.split('\n').slice(2, 12)).toEqual([
      '  steady:',
      '    read',
      '  at startup only:',
      '    brk',
      '  at shutdown only:',
      '    exit_group',
      '  only by what joined later, such as docker exec:',
      '    unlink',
      '  only by the container runtime:',
      '    close',
    ]);
    expect(stdout).toContain('read ×3');
  });

  it('reads standard input, in the format that it is told', () => {
    const { stdout } = callgate(['read', '-', '--format', 'names'], { input: 'read, write # two\n' });
    expect(stdout).toMatch(/^-: names, 1 line\n {2}2 system calls on x86_64\n/);
  });

  it('lets no escape code through to the terminal', () => {
    const { stdout } = callgate(['read', file('hostile', `${STRACE}\u001b]0;owned\u0007\u001b[2J\n`)]);
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
  });

  it.each([
    ['an empty file', () => file('empty', ''), /the file is empty.*\[unknown-log\]/],
    [
      'prose',
      () => file('prose', 'The quick brown fox\njumps over the dog.\n'),
      /"The quick brown fox".*\[unknown-log\]/,
    ],
    [
      'a binary file',
      () =>
        file(
          'perf.data',
          `PERFILE2${'h\u0001\0\0\0'.repeat(300)}\n77 reboot(1) = 0\n${'\u0002\0'.repeat(300)}`,
        ),
      /perf\.data: it is a binary file.*perf script.*\[unknown-log\]/,
    ],
    ['a missing file', () => join(folder, 'missing'), /no such file/],
    [
      'a folder',
      () => {
        mkdirSync(join(folder, 'sub'), { recursive: true });
        return join(folder, 'sub');
      },
      /it is a folder/,
    ],
  ])('says in one line what is wrong with %s', (_what, path, message) => {
    const { status, stdout, stderr } = callgate(['read', path()]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^callgate: [^\n]+\n$/);
    expect(stderr).toMatch(message);
  });

  it('knows what format was meant', () => {
    const { status, stderr } = callgate(['read', '--format', 'starce', file('log', STRACE)]);
    expect(status).toBe(2);
    expect(stderr).toContain('did you mean strace?');
  });
});

/** Every call that this machine has, allowed by name. */
const EVERYTHING = JSON.stringify({
  defaultAction: 'SCMP_ACT_ERRNO',
  syscalls: [{ names: callsOf('x86_64').map(([name]) => name), action: 'SCMP_ACT_ALLOW' }],
});

describe('shrink', () => {
  const profile = join(folder, 'ls.json');
  const smaller = join(folder, 'small.json');
  const command = ['--', 'ls', '/'];

  it('finds what a program can do without, and the smaller profile still works', () => {
    expect(callgate(['record', '-q', '-p', profile, ...command]).status).toBe(0);
    const { status, stdout } = callgate([
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
    const run = callgate(['run', '--profile', smaller, ...command]);
    expect(run.status).toBe(0);
    expect(run.stdout).toContain('etc');
    expect(callgate(['shrink', smaller, '--trials', '1', ...command]).status).toBe(0);
  });

  it('drops only what is never called when it may not try', () => {
    const { stdout } = callgate([
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

  it('refuses a program that does not end the same way twice', () => {
    const flaky = ['--', 'sh', '-c', `if [ -e ${folder}/flag ]; then exit 1; fi; : > ${folder}/flag`];
    const shell = join(folder, 'sh.json');
    callgate(['record', '-q', '-p', shell, '--', 'sh', '-c', `: > ${folder}/flag`]);
    rmSync(join(folder, 'flag'));
    const { status, stderr } = callgate(['shrink', shell, '--trials', '2', ...flaky]);
    expect(status).toBe(2);
    expect(stderr).toMatch(/does not work the same way every time/);
  });

  it('counts a failing check as not working', () => {
    const { status, stderr } = callgate(['shrink', profile, '--trials', '1', '--check', 'false', ...command]);
    expect(status).toBe(2);
    expect(stderr).toMatch(/the check failed/);
  });

  it.each([
    ['nosuchcmd', 127],
    ['/etc/passwd', 126],
    [folder, 126],
  ])('says what run says when %s cannot be run', (program, status) => {
    const [shrunk, run] = [['shrink'], ['run', '-p']].map((verb) =>
      callgate([...verb, profile, '--', program]),
    );
    expect(shrunk).toEqual(run);
    expect(shrunk.status).toBe(status);
    expect(shrunk.stderr).toMatch(/^callgate: [^\n]+\n$/);
  });

  it('says what run says of a script whose interpreter is missing', () => {
    const script = file('script', '#!/no/such/interpreter\n');
    chmodSync(script, 0o755);
    const { status, stderr } = callgate(['shrink', profile, '--', script]);
    expect({ status, stderr }).toEqual({
      status: 127,
      stderr: `callgate: ${script}: cannot be executed (errno 2)\n`,
    });
  });

  it.each([
    ['a check', ['--check', 'false'], ['ls', '/'], 'it ended with 0, and the check failed'],
    ['the time', ['--timeout', '1'], ['sleep', '9'], 'it took longer than 1 second'],
  ])('says when %s fails with everything allowed, too', (_what, flags, program, how) => {
    const open = file('open.json', EVERYTHING);
    const { status, stderr } = callgate(['shrink', open, '--trials', '1', ...flags, '--', ...program]);
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: `callgate: the program fails with everything allowed, too (${how}); nothing can be tried\n`,
    });
  });

  it('says when only the profile makes the program fail', () => {
    const rules = JSON.parse(EVERYTHING.replace('"getcwd",', ''));
    rules.syscalls.push({ names: ['getcwd'], action: 'SCMP_ACT_KILL_PROCESS' });
    const deadly = file('deadly.json', JSON.stringify(rules));
    const { status, stderr } = callgate(['shrink', deadly, '--trials', '2', '--', '/bin/pwd', '-P']);
    expect(status).toBe(2);
    expect(stderr).toMatch(/fails under the whole profile \(it died of SIGSYS.*works without a filter/);
  });

  it('takes no failure for success, unless it is told which status that is', () => {
    const failing = ['--trials', '1', '--action', 'log', '--', 'ls', '/no/such/file'];
    const { status, stderr } = callgate(['shrink', profile, ...failing]);
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr:
        'callgate: the program fails with everything allowed, too (it ended with 2); if that is how it works, say so: --status 2\n',
    });
    expect(callgate(['shrink', profile, '--status', '2', ...failing]).status).toBe(1);
  });

  it('takes calls out of rules of the old form, and keeps what is needed of them', () => {
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
    const { status, stdout } = callgate(['shrink', old, ...flags, ...command]);
    expect({ status, mkdir: stdout.includes('mkdir') }).toEqual({ status: 1, mkdir: true });
    expect(callgate(['run', '--profile', result, '--runtime', 'docker', ...command]).status).toBe(0);
  });

  it('refuses a profile from which no name can be taken away', () => {
    const { status, stderr } = callgate([
      'shrink',
      file('default.json', '{"defaultAction":"SCMP_ACT_ALLOW"}'),
      ...command,
    ]);
    expect(status).toBe(2);
    expect(stderr).toMatch(/lets everything pass that it does not name/);
  });
});
