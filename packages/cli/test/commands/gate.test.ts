import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { callgate } from '@callgate/testing/callgate';
import { describeWith } from '@callgate/testing/requirements';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const cwd = mkdtempSync(join(tmpdir(), 'callgate-gate-'));
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

function written(path: string, names: readonly string[], more: object = {}): string {
  mkdirSync(join(cwd, path, '..'), { recursive: true });
  const syscalls = [{ names, action: 'SCMP_ACT_ALLOW' }];
  const profile = { defaultAction: 'SCMP_ACT_ERRNO', architectures: ['SCMP_ARCH_X86_64'], syscalls, ...more };
  writeFileSync(join(cwd, path), JSON.stringify(profile));
  return path;
}

const FEW = ['exit_group', 'read', 'write'];
const gate = (...args: string[]) => callgate(['gate', ...args, '--arch', 'x86_64'], { cwd });

describe('gate', () => {
  it('tells what is loosened, with a call, and fails', async () => {
    const [before, after] = [written('a.json', FEW), written('b.json', [...FEW, 'ptrace'])];
    const { status, stdout } = await gate(before, after);
    expect(status).toBe(1);
    expect(stdout).toMatch(/^b\.json: 1 loosened\n/);
    expect(stdout).toMatch(
      /^b\.json:1:\d+: high: ptrace: ERRNO\(EPERM\) → ALLOW \[loosened\]\n {4}call: ptrace\(.+\) on x86_64$/m,
    );
    expect(stdout).toMatch(/\nfails: 1 profile, 1 of them for --fail-on\n$/);
    const { findings } = JSON.parse((await gate(before, after, '--json')).stdout);
    expect(findings).toContainEqual(
      expect.objectContaining({
        code: 'loosened',
        severity: 'high',
        file: 'b.json',
        witness: expect.objectContaining({ syscall: 'ptrace' }),
      }),
    );
  });

  it('says "no change" of a change of words, and passes', async () => {
    const [before, after] = [written('c.json', FEW), written('d.json', FEW.toReversed(), { flags: [] })];
    expect(await gate(before, after)).toMatchObject({
      status: 0,
      stdout: 'd.json: no change\npasses: 1 profile\n',
    });
    expect((await gate(before, after, '--fail-on', 'changed')).status).toBe(0);
  });

  it('fails for what it is told to fail for', async () => {
    const [before, after] = [written('e.json', FEW), written('f.json', FEW.slice(0, 2))];
    expect((await gate(before, after)).status).toBe(0);
    expect((await gate(before, after, '--fail-on', 'changed')).status).toBe(1);
    const twice = written('g.json', [...FEW, 'read']);
    expect((await gate(before, twice)).status).toBe(0);
    expect((await gate(before, twice, '--fail-on', 'loosened,low')).status).toBe(1);
    expect(await gate(before, twice, '--fail-on', 'looser')).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/there is no "looser"; it is one of loosened, changed, budget, critical/),
    });
  });

  it('compares folders by paths: new, removed, changed', async () => {
    for (const path of ['old/same.json', 'old/less.json', 'new/same.json']) written(path, FEW);
    written('new/web/more.json', ['getpid', 'futex', 'clone', 'mmap']);
    const { stdout } = await gate('old', 'new', '--fail-on', 'loosened');
    expect(stdout).toMatch(/^less\.json: removed$/m);
    expect(stdout).toMatch(/^same\.json: no change$/m);
    expect(stdout).toMatch(/^web\/more\.json: a new profile; \d+ new findings?$/m);
    expect(stdout).toMatch(/passes: 3 profiles\n$/);
    expect((await gate('old', 'a.json')).status).toBe(2);
  });

  it('holds what was renamed against what it was', async () => {
    written('before/web.json', FEW);
    written('now/web-v2.json', [...FEW, 'ptrace']);
    const { status, stdout } = await gate('before', 'now');
    expect(status).toBe(1);
    expect(stdout).toMatch(/^web-v2\.json \(was web\.json\): 1 loosened/);
    expect(stdout).toMatch(/\[loosened\]/);
  });

  it('follows links to files, as mounted ConfigMaps have them', async () => {
    written('linked/..data/a.json', FEW);
    symlinkSync('..data/a.json', join(cwd, 'linked/a.json'));
    written('loose/a.json', [...FEW, 'ptrace']);
    expect((await gate('linked', 'loose')).stdout).toMatch(/^a\.json: 1 loosened/);
  });

  it('takes no file for removed whose key is written as runtimes take it, too', async () => {
    for (const name of ['was/case.json', 'was/escaped.json']) written(name, FEW);
    const text = readFileSync(join(cwd, written('is/case.json', [...FEW, 'ptrace'])), 'utf8');
    writeFileSync(join(cwd, 'is/case.json'), text.replace('defaultAction', 'DefaultAction'));
    writeFileSync(join(cwd, 'is/escaped.json'), text.replace('defaultAction', 'default\\u0041ction'));
    const { status, stdout } = await gate('was', 'is');
    expect(status).toBe(1);
    expect(stdout).toMatch(/^case\.json: 1 loosened/m);
    expect(stdout).toMatch(/^escaped\.json: 1 loosened/m);
  });

  it('tells of a new finding that the configuration takes seriously', async () => {
    const before = written('logs.json', FEW, { flags: ['SECCOMP_FILTER_FLAG_LOG'] });
    const after = written('logs-not.json', FEW);
    writeFileSync(
      join(cwd, 'logs.config.json'),
      JSON.stringify({ severities: { 'denials-unlogged': 'high' } }),
    );
    expect((await gate(before, after)).status).toBe(0);
    const { status, stdout } = await gate(before, after, '--config', 'logs.config.json');
    expect(stdout).toContain('high: what is denied with ERRNO is not logged');
    expect(status).toBe(1);
  });

  it('sees what only containers with capabilities may do', async () => {
    const before = written('caps-a.json', FEW);
    const rules = [
      { names: FEW, action: 'SCMP_ACT_ALLOW' },
      { names: ['mount'], action: 'SCMP_ACT_ALLOW', includes: { caps: ['CAP_SYS_ADMIN'] } },
    ];
    const after = written('caps-b.json', FEW, { syscalls: rules });
    const { status, stdout } = await gate(before, after);
    expect(status).toBe(1);
    expect(stdout).toMatch(/^caps-b\.json: with all capabilities 1 loosened/);
    expect(stdout).toMatch(/high: with all capabilities: mount: ERRNO\(EPERM\) → ALLOW \[loosened\]/);
    expect((await gate(before, after, '--caps', 'CAP_CHOWN')).status).toBe(0);
  });

  it('holds a profile that has got a name against the only one before', async () => {
    const map = (...parts: string[]) => `kind: ConfigMap\nmetadata: {name: p}\ndata:\n${parts.join('')}`;
    const part = (name: string, action: string) => `  ${name}: '{"defaultAction": "SCMP_ACT_${action}"}'\n`;
    writeFileSync(join(cwd, 'one.yaml'), map(part('a', 'ERRNO')));
    writeFileSync(join(cwd, 'two.yaml'), map(part('a', 'ALLOW'), part('b', 'ERRNO')));
    for (const [base, head] of [
      ['one.yaml', 'two.yaml'],
      ['two.yaml', 'one.yaml'],
    ])
      expect((await gate(base, head)).stdout).not.toMatch(/a new profile/);
    expect((await gate('one.yaml', 'two.yaml')).stdout).toMatch(/^two\.yaml#a: \d+ loosened/);
  });

  it('writes annotations and a comment, which name the call that passes now', async () => {
    const [before, after] = [written('h.json', FEW), written('i.json', [...FEW, 'ptrace'])];
    const annotated = await gate(before, after, '--format', 'github');
    expect(annotated.status).toBe(1);
    expect(annotated.stdout).toMatch(
      /^::error file=i\.json,line=1,endLine=1,col=\d+,endColumn=\d+,title=callgate loosened::ptrace: ERRNO\(EPERM\) → ALLOW%0Acall: ptrace\(.+\) on x86_64$/m,
    );
    expect(annotated.stdout).toMatch(/\nfails: 1 profile, 1 of them for --fail-on\n$/);
    const comment = await gate(before, after, '-f', 'markdown');
    expect(comment.status).toBe(1);
    expect(comment.stdout).toMatch(
      /^### callgate gate: fails: 1 profile, 1 of them for --fail-on\n\n- i\.json: 1 loosened.*\n\n\| severity \|/,
    );
    expect(comment.stdout).toMatch(
      /^\| high \| <code>i\.json:1:\d+<\/code> \| ptrace: ERRNO\(EPERM\) → ALLOW/m,
    );
  });

  it('has --json as another word for --format json', async () => {
    const args = [written('j.json', FEW), written('k.json', [...FEW, 'ptrace'])];
    expect(await gate(...args, '--json')).toEqual(await gate(...args, '-f', 'json'));
    expect(await gate(...args, '--json', '-f', 'github')).toMatchObject({
      status: 2,
      stderr: 'callgate: --json is --format json, not github\n',
    });
  });

  it('says in every format what it could not judge, and that nobody knows', async () => {
    written('half/good.json', FEW);
    written('other/good.json', FEW);
    writeFileSync(join(cwd, 'other/bad.json'), '{"defaultAction": "SCMP_ACT_FOO"}');
    for (const [format, says] of [
      ['text', /\nundecided: 1 profile\n$/],
      ['json', /"diagnostics":\[\{.*unknown-action/],
      ['github', /^::error file=other\/bad\.json,.*unknown-action.*\nundecided: 1 profile\n$/],
      [
        'markdown',
        /^### callgate gate: undecided: 1 profile; not everything could be judged\n.*unknown-action/s,
      ],
    ] as const)
      expect(await gate('half', 'other', '-f', format)).toMatchObject({
        status: 2,
        stdout: expect.stringMatching(says),
      });
  });

  it('takes a first profile for new, and two folders without any for a mistake', async () => {
    mkdirSync(join(cwd, 'empty'));
    mkdirSync(join(cwd, 'void'));
    written('first/p.json', FEW);
    expect((await gate('empty', 'first')).stdout).toMatch(/^p\.json: a new profile/);
    expect(await gate('first', 'empty')).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^p\.json: removed/),
    });
    expect(await gate('empty', 'void')).toMatchObject({
      status: 2,
      stderr: 'callgate: no JSON or YAML file in void holds a profile\n',
    });
  });

  it('never takes what it could not judge for a pass or a finding', async () => {
    writeFileSync(join(cwd, 'broken.json'), '{"defaultAction": "SCMP_ACT_FOO"}');
    for (const pair of [
      ['a.json', 'broken.json'],
      ['broken.json', 'a.json'],
      ['a.json', 'none.json'],
      ['none.json', 'a.json'],
    ])
      expect(await gate(...pair)).toMatchObject({
        status: 2,
        stderr: expect.stringMatching(/^callgate: .+/),
      });
  });
});

describeWith(['git'], 'gate against git', () => {
  beforeAll(() => {
    written('repo/p.json', FEW);
    written('repo/below/q.json', FEW);
    const git = (...args: string[]) =>
      execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], {
        cwd: join(cwd, 'repo'),
        stdio: 'ignore',
      });
    git('init', '-q');
    git('add', '.');
    git('commit', '-qm', 'a');
    written('repo/p.json', [...FEW, 'ptrace']);
    written('repo/new.json', FEW);
  });
  const there = (...args: string[]) =>
    callgate(['gate', ...args, '--arch', 'x86_64'], { cwd: join(cwd, 'repo') });

  it('takes a profile, or a folder, as a commit has it', async () => {
    expect((await there('git:HEAD:p.json', 'p.json')).stdout).toMatch(/^p\.json: 1 loosened/);
    const { stdout } = await there('git:HEAD:./', '.');
    expect((await there('git:HEAD:.', '.')).stdout).toBe(stdout);
    for (const line of [
      /^below\/q\.json: no change$/m,
      /^new\.json: a new profile/m,
      /^p\.json: 1 loosened/m,
    ])
      expect(stdout).toMatch(line);
  });

  it('takes a profile that the commit does not have yet for new, but no commit that there is not', async () => {
    expect((await there('git:HEAD:new.json', 'new.json')).stdout).toMatch(/^new\.json: a new profile/);
    expect(await there('git:HEAX:new.json', 'new.json')).toMatchObject({
      status: 2,
      stderr: 'callgate: cannot read git:HEAX:new.json: there is no commit HEAX here [unreadable]\n',
    });
  });
});
