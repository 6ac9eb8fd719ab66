import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { callgate, spawnCallgate } from '@callgate/testing/callgate';
import { afterAll, describe, expect, it } from 'vitest';
import { VERBS } from '../src/verbs.ts';

const folder = mkdtempSync(join(tmpdir(), 'callgate-cli-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, document: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify(document, null, 2));
  return path;
}

const denyMkdir = file('deny-mkdir.json', {
  defaultAction: 'SCMP_ACT_ALLOW',
  syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 13 }],
});
const killMkdir = file('kill-mkdir.json', {
  defaultAction: 'SCMP_ACT_ALLOW',
  syscalls: [{ names: ['mkdir'], action: 'SCMP_ACT_KILL_PROCESS' }],
});

describe('callgate', () => {
  it('tells its version, helps, and knows its verbs', () => {
    expect(spawnCallgate(['--version']).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(spawnCallgate(['--help']).status).toBe(0);
    expect(spawnCallgate([]).status).toBe(2);
    expect(spawnCallgate(['recrod']).stderr).toBe(
      'callgate: there is no verb "recrod"; did you mean "record"?\n',
    );
  });

  it.each(VERBS.map((v) => v.name))('%s --help teaches with examples', (name) => {
    const { status, stdout } = spawnCallgate([name, '--help']);
    expect(status).toBe(0);
    expect(stdout).toContain(`Usage: callgate ${name}`);
    expect(stdout).toContain('Examples:\n  $ callgate ');
    expect(stdout).toContain('--quiet');
    // These have nothing to tell but that it is done.
    if (!['hook', 'tour', 'completion'].includes(name)) expect(stdout).toContain('--json');
  });

  it.each([['\u001b[31m'], ['show', '--\u001b[31m'], ['compile', '-f', '\u001b[31m', 'stock:docker']])(
    'sends no escape code of its arguments to the terminal: %j',
    (...args) => {
      const { status, stderr } = spawnCallgate(args);
      expect(status).toBe(2);
      expect(stderr).not.toContain('\u001b');
    },
  );

  it('refuses unknown options in one line', () => {
    const { status, stderr } = spawnCallgate(['show', 'stock:docker', '--jsno']);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^callgate: unknown option '--jsno'[^\n]*\n$/);
  });

  it.each(['bash', 'zsh', 'fish'])('prints completions for %s that name every verb', async (shell) => {
    const { stdout } = await callgate(['completion', shell]);
    for (const { name } of VERBS) expect(stdout).toContain(name);
    expect(stdout).toContain('recorder');
  });
});

describe('explain', () => {
  it('gives the documented JSON', () => {
    const { status, stdout } = spawnCallgate([
      'explain',
      denyMkdir,
      'mkdir',
      '1',
      '--arch',
      'x86_64',
      '--json',
    ]);
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toEqual({
      arch: 'x86_64',
      syscall: 'mkdir',
      nr: 83,
      args: ['1', '0', '0', '0', '0', '0'],
      action: 'ERRNO',
      data: 13,
      rule: { line: 6, column: 9, index: 0 },
      because: 'rule',
    });
  });

  it('names the default, a foreign ABI and the stub', async () => {
    const ask = async (...args: string[]) =>
      JSON.parse((await callgate(['explain', ...args, '--json'])).stdout).because;
    expect(await ask(denyMkdir, 'read')).toBe('default');
    expect(await ask('stock:docker', 'mount')).toBe('default');
    expect(await ask('stock:docker', '999')).toBe('enosys-stub');
    const narrow = file('narrow.json', {
      defaultAction: 'SCMP_ACT_ALLOW',
      architectures: ['SCMP_ARCH_X86_64'],
    });
    expect(await ask(narrow, '0x40000001', '--arch', 'x86_64')).toBe('bad-arch');
  });

  it.skipIf(process.arch !== 'x64')(
    'asks about an ABI without taking it for the machine or for covered',
    async () => {
      const ask = async (path: string) => {
        const { stdout } = await callgate(['explain', path, 'mkdir', '--arch', 'x86', '--json']);
        const { action, data, because } = JSON.parse(stdout);
        return [action, data, because];
      };
      const narrow = { defaultAction: 'SCMP_ACT_ALLOW', architectures: ['SCMP_ARCH_X86_64'] };
      expect(await ask(file('uncovered.json', narrow))).toEqual(['KILL_THREAD', 0, 'bad-arch']);
      // Docker decides includes and excludes by its own architecture, whoever calls.
      const docker = (rule: object) => ({
        defaultAction: 'SCMP_ACT_ALLOW',
        archMap: [{ architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86'] }],
        syscalls: [{ names: ['mkdir'], action: 'SCMP_ACT_ERRNO', errnoRet: 42, ...rule }],
      });
      const denied = ['ERRNO', 42, 'rule'];
      expect(await ask(file('in.json', docker({ includes: { arches: ['amd64'] } })))).toEqual(denied);
      expect(await ask(file('out.json', docker({ excludes: { arches: ['x86'] } })))).toEqual(denied);
    },
  );

  it('takes a negative argument of 32 bits as programs pass it, and tells what the other way gives', () => {
    const rule = { names: ['openat'], action: 'SCMP_ACT_ERRNO', args: [] as object[] };
    rule.args.push({ index: 0, op: 'SCMP_CMP_EQ', value: 4294967196 });
    const path = file('cwd.json', { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [rule] });
    for (const written of ['AT_FDCWD', '-100', '0xffffff9c']) {
      const { status, stdout } = spawnCallgate(['explain', path, 'openat', written]);
      expect(status).toBe(1);
      expect(stdout).toContain('dfd=AT_FDCWD');
      expect(stdout.includes('sign-extends')).toBe(written !== '0xffffff9c');
    }
    expect(spawnCallgate(['explain', path, 'openat', '0xffffffffffffff9c']).status).toBe(0);
    // It is the kernel that decides: cat opens files from AT_FDCWD.
    expect(spawnCallgate(['run', '--profile', path, '--', 'cat', '/etc/hostname']).status).not.toBe(0);
  });

  it("names clone's arguments on s390x in the order that they have there", async () => {
    const ask = (...args: string[]) =>
      callgate(['explain', 'stock:docker', 'clone', ...args, '--arch', 's390x']);
    expect((await ask('0', 'CLONE_NEWUSER')).stdout).toMatch(/newsp=0, clone_flags=CLONE_NEWUSER,.*ERRNO/);
  });

  it('takes symbolic arguments and says which it does not know', () => {
    expect(spawnCallgate(['explain', 'stock:docker', 'socket', 'AF_VSOCK', '--arch', 'x86_64']).status).toBe(
      1,
    );
    expect(spawnCallgate(['explain', 'stock:docker', 'socket', 'AF_INET', '--arch', 'x86_64']).status).toBe(
      0,
    );
    const { status, stderr } = spawnCallgate(['explain', 'stock:docker', 'socket', 'AF_VSCK']);
    expect(status).toBe(2);
    expect(stderr).toContain('did you mean AF_VSOCK?');
  });

  it('takes an empty list of capabilities for none', async () => {
    const mount = async (...caps: string[]) =>
      JSON.parse((await callgate(['explain', 'stock:docker', 'mount', '--json', ...caps])).stdout);
    expect(await mount('--caps', '')).toEqual(await mount());
    expect((await mount('--caps', 'CAP_SYS_ADMIN')).action).toBe('ALLOW');
  });

  it('reads stdin and YAML', () => {
    const yaml = 'defaultAction: SCMP_ACT_ERRNO\nsyscalls:\n  - names: [read]\n    action: SCMP_ACT_ALLOW\n';
    const { status, stdout } = spawnCallgate(['explain', '-', 'read'], { input: yaml });
    expect(status).toBe(0);
    expect(stdout).toContain('line 3');
  });
});

describe('show, syscall, doctor', () => {
  it('sum up a profile per ABI', async () => {
    const { abis } = JSON.parse(
      (await callgate(['show', 'stock:docker', '--arch', 'x86_64,x86,x32', '--json'])).stdout,
    );
    expect(abis.map((a: { arch: string }) => a.arch)).toEqual(['x86_64', 'x86', 'x32']);
    expect(abis[0].allowed).toBeGreaterThan(290);
  });

  it('look up numbers both ways', async () => {
    const openat = JSON.parse((await callgate(['syscall', 'openat', '--json'])).stdout);
    expect(openat.numbers).toMatchObject({ x86_64: 257, x86: 295, aarch64: 56, x32: 0x40000101, mips: 4288 });
    expect(openat.since).toBe('2.6.16');
    expect((await callgate(['syscall', '11', '--arch', 'x86'])).stdout).toContain('execve');
    expect((await callgate(['syscall', 'opneat'])).stderr).toContain('did you mean openat?');
  });

  it('say what works here', () => {
    const { checks } = JSON.parse(spawnCallgate(['doctor', '--json']).stdout);
    for (const check of checks)
      expect(check).toMatchObject({ name: expect.any(String), ok: expect.any(Boolean) });
    expect(checks.find((c: { name: string }) => c.name === 'enforce a profile').ok).toBe(true);
  });
});

describe('run', () => {
  const run = (...args: string[]) => spawnCallgate(['run', ...args]);

  it('passes on the status, 128 + n for a signal, 127 and 126 as a shell', () => {
    expect(run('--profile', denyMkdir, '--', 'sh', '-c', 'exit 42').status).toBe(42);
    expect(run('--profile', denyMkdir, '--', 'sh', '-c', 'kill -TERM $$').status).toBe(143);
    expect(run('--profile', denyMkdir, '--', 'no-such-program').status).toBe(127);
    expect(run('--profile', denyMkdir, '--', '/etc/passwd').status).toBe(126);
    expect(run('--profile', '/no/such/profile', '--', 'true').status).toBe(125);
    expect(run('--', 'true').status).toBe(125);
  });

  it('lets the kernel enforce the profile', () => {
    const target = join(folder, 'made');
    const { status, stderr } = run('--profile', denyMkdir, '--', 'mkdir', target);
    expect(status).toBe(1);
    expect(stderr).toContain('Permission denied');
    expect(existsSync(target)).toBe(false);
    expect(run('--profile', killMkdir, '--', 'mkdir', target).status).toBe(159);
  });

  it('tells what was denied in JSON, behind what the program printed', () => {
    const made = join(folder, 'made');
    const { status, stdout } = run(
      '--json',
      '--log',
      '-p',
      denyMkdir,
      '--',
      'sh',
      '-c',
      `mkdir ${made}; exit 3`,
    );
    expect(status).toBe(3);
    const document = JSON.parse(stdout);
    expect(document).toMatchObject({ status: 3, signal: null, complete: true });
    expect(document.denied).toEqual([
      {
        arch: expect.any(String),
        syscall: expect.stringMatching(/^mkdir(at)?$/),
        nr: expect.any(Number),
        count: 1,
        how: 'denied',
      },
    ]);
  });

  it('tells what the profile logged and let pass, which one that denies it would deny', () => {
    const complaining = file('complaining.json', {
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_LOG' }],
    });
    const [a, b] = ['logged-a', 'logged-b'].map((name) => join(folder, name));
    const command = ['--log', '-p', complaining, '--', 'sh', '-c', `mkdir ${a}; mkdir ${b}; rmdir ${a} ${b}`];
    const { status, stderr } = run(...command);
    expect(status).toBe(0);
    expect(stderr).toMatch(
      /^callgate: passed, because the profile only logs them:\n {2}mkdir(at)? {2}would be denied, 2 times\n$/,
    );
    const document = JSON.parse(run('--json', ...command).stdout);
    expect(document.denied).toEqual([]);
    expect(document.logged).toMatchObject([{ syscall: expect.stringMatching(/^mkdir/), count: 2 }]);
  });

  it('hands stdin, arguments and environment through untouched', () => {
    const { stdout } = spawnCallgate(
      [
        'run',
        '--profile',
        denyMkdir,
        '--',
        'sh',
        '-c',
        'cat; printf "[%s]" "$@"; echo $CALLGATE_TEST',
        'sh',
        '',
        'a b',
        'ü\n',
        '--json',
      ],
      { input: 'in\0put', env: { CALLGATE_TEST: 'set' } },
    );
    expect(stdout).toBe('in\0put[][a b][ü\n][--json]set\n');
  });

  it('leaves signals, descriptors and no_new_privs as a program expects them', () => {
    const script =
      'grep -E "^(SigIgn|SigBlk|NoNewPrivs|Seccomp):" /proc/self/status; ls /proc/self/fd | wc -l';
    const { stdout } = run('--profile', denyMkdir, '--', 'sh', '-c', script);
    const bare = spawnSync('sh', ['-c', script], { encoding: 'utf8' }).stdout;
    expect(stdout).toContain('SigIgn:\t0000000000000000');
    expect(stdout).toContain('NoNewPrivs:\t1');
    expect(stdout).toContain('Seccomp:\t2');
    expect(stdout.split('\n').at(-2)).toBe(bare.split('\n').at(-2));
  });
});

describe('record and build', () => {
  it('make a profile under which the program works', () => {
    const [recording, profile, built] = ['rec.json', 'made.json', 'built.json'].map((name) =>
      join(folder, name),
    );
    const recorded = spawnCallgate([
      'record',
      '-o',
      recording,
      '--profile',
      profile,
      '--',
      'cat',
      '/etc/hostname',
    ]);
    expect(recorded.status).toBe(0);
    const document = JSON.parse(readFileSync(recording, 'utf8'));
    expect(document).toMatchObject({ schema: 'callgate-recording/1', runs: 1, lost: 0, ambiguous: 0 });
    expect(document.observations[0]).toMatchObject({
      arch: expect.any(String),
      nr: expect.any(Number),
      phase: 'run',
    });
    expect(spawnCallgate(['build', recording, '-o', built]).status).toBe(0);
    expect(readFileSync(built, 'utf8')).toBe(readFileSync(profile, 'utf8'));
    expect(spawnCallgate(['run', '--profile', built, '--', 'cat', '/etc/hostname']).stdout).toBe(
      recorded.stdout,
    );
    expect(spawnCallgate(['run', '--profile', built, '--', 'mkdir', join(folder, 'x')]).status).toBe(1);
  });

  it.each([
    ['kill -9 $$', 137, ['shutdown']],
    ['kill -15 $$', 143, []],
    ['exit 9', 9, []],
  ])('know that a program that was killed has not shown how it ends: %s', (script, status, lacks) => {
    const file = join(folder, 'killed.json');
    const recorded = spawnCallgate(['record', '-o', file, '--', 'sh', '-c', script]);
    expect(recorded.status).toBe(status);
    expect(JSON.parse(readFileSync(file, 'utf8')).lacks).toEqual(lacks);
    expect(recorded.stderr.includes('how it ends is not in the recording')).toBe(lacks.length > 0);
  });

  it('say before the program runs that the result cannot be written', () => {
    const mark = join(folder, 'ran');
    for (const flag of ['-o', '-p']) {
      const { status, stderr } = spawnCallgate(['record', flag, '/no/such/folder/x', '--', 'touch', mark]);
      expect([status, existsSync(mark)]).toEqual([125, false]);
      expect(stderr).toMatch(/^callgate: cannot write [^\n]+\n$/);
    }
  });

  it('tell in JSON what the profile is and rests on', () => {
    const files = ['one.json', 'two.json'].map((name) => join(folder, name));
    for (const recording of files) spawnCallgate(['record', '-o', recording, '--', 'true']);
    const profile = join(folder, 'told.json');
    const both = spawnCallgate(['build', ...files, '--json', '-o', profile]);
    expect(both.stderr).toBe('');
    const document = JSON.parse(both.stdout);
    expect(document).toMatchObject({
      runs: 2,
      lost: 0,
      ambiguous: 0,
      completeness: { runs: 2, identical: true },
    });
    expect(document.calls.execve[0]).toMatchObject({ kind: 'seen', runs: 2 });
    expect(document.profile).toEqual(JSON.parse(readFileSync(profile, 'utf8')));
    const alone = spawnCallgate(['build', files[0]!, '--json']);
    expect(JSON.parse(alone.stdout)).toMatchObject({ runs: 1, completeness: null });
  });

  it('refuse what is no recording', () => {
    const { status, stderr } = spawnCallgate(['build', denyMkdir]);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^callgate: [^\n]+\[not-a-recording\]\n$/);
  });

  it('write whole files or none', () => {
    const { status, stderr } = spawnCallgate(['record', '-o', '/proc/nowhere/rec.json', '--', 'true']);
    expect(status).toBe(125);
    expect(stderr).toContain('cannot write /proc/nowhere/rec.json');
  });
});
