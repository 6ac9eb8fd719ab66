import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Observation, Phase } from '@callgate/engine/internal/recording/recording';
import { numberOf } from '@callgate/engine/internal/syscalls/lookup';
import { callgate } from '@callgate/testing/callgate';
import { recordingOf } from '@callgate/testing/recordings';
import { until } from '@callgate/testing/until';
import { afterAll, describe, expect, it } from 'vitest';

const BIN = join(import.meta.dirname, '../../bin/callgate.js');
const folder = mkdtempSync(join(tmpdir(), 'callgate-read-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const STRACE = 'openat(AT_FDCWD, "x", O_RDONLY) = 3\nread(3, "", 1) = 0\nread(3, "", 1) = 0\nwhat is this\n';

describe('read', () => {
  it('says what was understood, what was not and where, and what is assumed', async () => {
    const { status, stdout, stderr } = await callgate(['read', file('log', STRACE)]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/strace, 4 lines\n/);
    expect(stdout).toContain('2 system calls, called 3 times on x86_64');
    expect(stdout).toContain('ABI not told for 3 calls');
    expect(stdout).toContain('line 4: what is this');
  });

  it.each([
    ['a list', 'read, writ, open\nclose\n', 'writ (line 1, did you mean write?)'],
    ['a log', 'read(0, "", 1) = 0\nno_such_call(1) = 0\n', 'no_such_call (line 2)'],
  ])(
    'ends with 1 where %s has names that no call has, and build makes nothing of it',
    async (_, text, named) => {
      const log = file('unknown', text);
      const out = join(folder, `unknown-${named}.json`);
      for (const verb of [['read'], ['build', '-o', out]]) {
        const { status, stderr } = await callgate([...verb, log]);
        expect([status, stderr]).toEqual([1, expect.stringContaining(named)]);
        expect(stderr).toMatch(/^callgate: [^\n]+\n$/);
      }
      expect(existsSync(out)).toBe(false);
      expect((await callgate(['read', log, '--allow-unknown'])).status).toBe(0);
      expect((await callgate(['build', '-o', out, log, '--allow-unknown'])).status).toBe(0);
    },
  );

  it('takes a line of the program that looks like a call for none', async () => {
    const { status } = await callgate(['read', file('log', `${STRACE}hello(world)\n`)]);
    expect(status).toBe(0);
  });

  it('writes a recording that is read again as it is', async () => {
    const out = join(folder, 'out.json');
    const { stdout } = await callgate(['read', '--json', '-o', out, '--kernel', '5.10', file('log', STRACE)]);
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
    expect(JSON.parse((await callgate(['read', '--json', out])).stdout)).toEqual(recording);
  });

  it('says of a recording when each call was made', async () => {
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
    const { stdout } = await callgate(['read', file('life.json', JSON.stringify(recording))]);
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

  it('reads standard input, in the format that it is told', async () => {
    const { stdout } = await callgate(['read', '-', '--format', 'names'], { input: 'read, write # two\n' });
    expect(stdout).toMatch(/^-: names, 1 line\n {2}2 system calls on x86_64\n/);
  });

  it('lets no escape code through to the terminal', async () => {
    const { stdout } = await callgate(['read', file('hostile', `${STRACE}\u001b]0;owned\u0007\u001b[2J\n`)]);
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
  ])('says in one line what is wrong with %s', async (_what, path, message) => {
    const { status, stdout, stderr } = await callgate(['read', path()]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^callgate: [^\n]+\n$/);
    expect(stderr).toMatch(message);
  });

  it('knows what format was meant', async () => {
    const { status, stderr } = await callgate(['read', '--format', 'starce', file('log', STRACE)]);
    expect(status).toBe(2);
    expect(stderr).toContain('did you mean strace?');
  });
});

describe('read --follow', () => {
  it('tells calls as they come, and the whole in the end', async () => {
    const child = spawn(process.execPath, [BIN, 'read', '-', '--follow'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    let said = '';
    child.stdout.on('data', (chunk) => {
      said += chunk;
    });
    const ended = new Promise((resolve) => child.once('close', resolve));
    for (const [line, told] of [
      ['openat(AT_FDCWD, "x", O_RDONLY) = 3\n', '+ openat\n'],
      ['read(3, "", 1) = 0\nread(3, "", 1) = 0\n', '+ openat\n+ read\n'],
    ]) {
      child.stdin.write(line);
      await until(told, () => said === told);
    }
    child.kill('SIGINT');
    expect(await ended).toBe(0);
    expect(said).toContain('2 system calls, called 3 times');
  });

  it('prints one recording with --json, and follows nothing but stdin', async () => {
    const { stdout } = await callgate(['read', '-', '--follow', '--json'], { input: STRACE });
    expect(stdout).toBe((await callgate(['read', '-', '--json'], { input: STRACE })).stdout);
    expect((await callgate(['read', file('log', STRACE), '--follow'])).stderr).toContain('tail -F');
    expect((await callgate(['read', '-', '--follow'], { input: '' })).status).toBe(2);
  });
});
