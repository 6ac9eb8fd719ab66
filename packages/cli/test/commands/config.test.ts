import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { callgate } from '@callgate/testing/callgate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const cwd = mkdtempSync(join(tmpdir(), 'callgate-config-'));
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

function write(path: string, content: unknown): string {
  mkdirSync(join(cwd, path, '..'), { recursive: true });
  writeFileSync(join(cwd, path), typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

const profile = (...syscalls: object[]) => ({
  defaultAction: 'SCMP_ACT_ERRNO',
  architectures: ['SCMP_ARCH_X86_64'],
  syscalls,
});
const allow = (...names: string[]) => ({ names, action: 'SCMP_ACT_ALLOW' });
const config = (name: string, content: object) => write(name, content);

const run = (...args: string[]) => callgate(args, { cwd });
async function lint(...args: string[]) {
  const { stdout, ...rest } = await run('lint', ...args, '--json');
  const { findings = [], suppressed = [] } = stdout === '' ? {} : JSON.parse(stdout);
  return { ...rest, findings, suppressed, codes: findings.map(({ code }: { code: string }) => code) };
}

beforeAll(() => {
  write('web/few.json', profile(allow('exit_group', 'execve', 'read')));
  write('web/bpf.json', profile(allow('exit_group', 'execve', 'read', 'bpf')));
  write('old/twice.json', profile(allow('exit_group', 'execve', 'read', 'read')));
});

describe('callgate.config', () => {
  it('is found in the folder or above it, named, or left out', async () => {
    config('web/callgate.config.json', {
      severities: { 'cannot-start': 'off', 'cannot-load-libraries': 'off' },
    });
    const deep = join(cwd, 'web/deep');
    mkdirSync(deep, { recursive: true });
    const codes = async (folder: string, ...args: string[]) => {
      const { stdout } = await callgate(['lint', ...args, '--json'], { cwd: folder });
      return JSON.parse(stdout).findings.map(({ code }: { code: string }) => code) as string[];
    };
    expect(await codes(deep, '../few.json')).not.toContain('cannot-start');
    expect(await codes(cwd, 'web/few.json')).toContain('cannot-start');
    expect(await codes(cwd, 'web/few.json', '--config', 'web/callgate.config.json')).not.toContain(
      'cannot-start',
    );
    expect(await codes(deep, '../few.json', '--no-config')).toContain('cannot-start');
  });

  it('takes nothing for no name', async () => {
    expect(await run('lint', 'web/few.json', '--config', '')).toMatchObject({
      status: 2,
      stderr: 'callgate: --config names no file; --no-config is without one\n',
    });
  });

  it('means a file by its path, whatever signs are in it, and whichever way it is named', async () => {
    const git = (...args: string[]) =>
      execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], { cwd: join(cwd, 'repo') });
    write('repo/infra/profiles/a.json', profile(allow('bpf')));
    write('repo/infra/profiles/b#c.json', profile(allow('bpf')));
    write('repo/infra/limits.json', { budgets: [{ never: ['bpf'], files: ['profiles/*.json'] }] });
    git('init', '-q');
    git('add', '.');
    git('commit', '-qm', 'a');
    const codes = async (folder: string, subject: string, named: string) => {
      const { stdout } = await callgate(['lint', subject, '--json', '--config', named], {
        cwd: join(cwd, 'repo', folder),
      });
      return JSON.parse(stdout).findings.map(({ code }: { code: string }) => code);
    };
    const ofCommit = 'git:HEAD:infra/limits.json';
    expect(await codes('.', 'infra/profiles/b#c.json', 'infra/limits.json')).toContain('budget-call');
    expect(await codes('.', 'infra/profiles/a.json', ofCommit)).toContain('budget-call');
    expect(await codes('infra/profiles', 'a.json', ofCommit)).toContain('budget-call');
    expect(await codes('infra', 'git:HEAD:infra/profiles/a.json', 'limits.json')).toContain('budget-call');
    expect(await codes('infra', 'git:HEAD:./profiles/a.json', 'limits.json')).toContain('budget-call');
  });

  it('takes a reason for one line', async () => {
    const name = config('lines.json', { budgets: [{ never: ['bpf'], reason: 'a\n::error::b' }] });
    const { status, stderr } = await run('lint', 'web/few.json', '--config', name);
    expect(status).toBe(2);
    expect(stderr).toContain('budgets[0].reason holds a line break');
  });

  it('says by a budget what never passes, with a call', async () => {
    const name = config('budget.json', {
      budgets: [{ never: ['bpf'], files: ['web/*.json'], reason: 'drill' }],
    });
    const { findings, status } = await lint('web/bpf.json', '--config', name);
    expect(status).toBe(1);
    expect(findings).toContainEqual(
      expect.objectContaining({
        code: 'budget-call',
        severity: 'critical',
        message: 'the configuration rules bpf out, but it passes (drill)',
        witness: expect.objectContaining({ syscall: 'bpf' }),
      }),
    );
    expect((await lint('web/few.json', '--config', name)).codes).not.toContain('budget-call');
    const elsewhere = config('elsewhere.json', { budgets: [{ never: ['bpf'], files: ['old/**'] }] });
    expect((await lint('web/bpf.json', '--config', elsewhere)).codes).not.toContain('budget-call');
  });

  it('holds profiles against another one, by a path from its own folder', async () => {
    const name = config('web/limit.json', {
      budgets: [{ neverLooserThan: 'few.json' }, { neverLooserThan: 'stock:docker' }],
    });
    const { findings } = await lint('web/bpf.json', '--config', name);
    const over = findings.filter(({ code }: { code: string }) => code === 'budget-looser');
    expect(over.map(({ message }: { message: string }) => message)).toEqual([
      'looser than few.json in one call, which the configuration rules out: bpf',
      'looser than stock:docker in one call, which the configuration rules out: bpf',
    ]);
    expect((await lint('web/few.json', '--config', name)).codes).not.toContain('budget-looser');
  });

  it('suppresses a finding until its day, and tells so', async () => {
    const until = (day: string) =>
      config(`until-${day}.json`, {
        suppressions: [{ code: 'name-twice', files: ['old/*'], reason: 'known', until: day }],
      });
    const borne = await lint('old/twice.json', '--config', until('2999-12-31'));
    expect(borne.codes).not.toContain('name-twice');
    expect(borne.suppressed).toEqual([
      expect.objectContaining({ code: 'name-twice', suppressed: { reason: 'known', until: '2999-12-31' } }),
    ]);
    const { stdout } = await run('lint', 'old/twice.json', '--config', until('2999-12-31'));
    expect(stdout).toMatch(/, 1 suppressed in 1 profile/);
    const back = await lint('old/twice.json', '--config', until('2020-01-01'));
    expect(back.suppressed).toEqual([]);
    expect(back.findings.find(({ code }: { code: string }) => code === 'name-twice').message).toMatch(
      /\(its suppression ended on 2020-01-01: known\)$/,
    );
  });

  it('judges for each of its targets, and says what holds under some alone', async () => {
    write('new.json', profile(allow('exit_group', 'execve'), { names: ['mkdir'], action: 'SCMP_ACT_KILL' }));
    const name = config('targets.json', {
      targets: [{ runtime: 'runc@1.1.15', kernel: '5.10' }, { runtime: 'crun' }],
    });
    const { findings } = await lint('new.json', '--config', name);
    const starts = findings
      .filter(({ code }: { code: string }) => code === 'cannot-start')
      .map(({ message }: { message: string }) => message);
    expect(starts).toEqual([
      expect.stringMatching(/^runc@1\.1\.15, kernel 5\.10: /),
      expect.stringMatching(/^crun: /),
    ]);
    const kills = findings.filter(({ code }: { code: string }) => code === 'kills-thread');
    expect(kills).toHaveLength(1);
    expect(kills[0].message).not.toMatch(/^(runc|crun)/);
    // What the command line says takes their place.
    const { codes, findings: own } = await lint('new.json', '--config', name, '--runtime', 'crun');
    expect(codes).toContain('cannot-start');
    expect(
      own.every(({ message }: { message: string }) => !/^(runc@1\.1\.15, kernel 5\.10|crun): /.test(message)),
    ).toBe(true);
  });

  it('decides the exit status where the command line does not', async () => {
    const name = config('fail.json', { failOn: 'critical', severities: { 'cannot-start': 'high' } });
    expect((await lint('web/few.json', '--config', name)).status).toBe(0);
    expect((await lint('web/few.json', '--config', name, '--fail-on', 'high')).status).toBe(1);
  });

  it('that is wrong ends lint and gate with 2, with the place', async () => {
    const name = write('wrong.yaml', 'severities:\n  sibling-pases: low\n');
    for (const verb of [
      ['lint', 'web/few.json'],
      ['gate', 'web/few.json', 'web/bpf.json'],
    ])
      expect(await run(...verb, '--config', name)).toMatchObject({
        status: 2,
        stderr: expect.stringMatching(
          /^callgate: wrong\.yaml:2:3: error: severities\.sibling-pases: no finding has this code; did you mean "sibling-passes"\? \[bad-config\]\n/,
        ),
      });
    const typo = config('typo.json', { targets: [{ runtime: 'dokcer' }] });
    expect(await run('lint', 'web/few.json', '--config', typo)).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/^callgate: typo\.json: targets\[0\]: the runtime "dokcer" is not known/),
    });
  });

  it('is what gate fails for, even where nothing has changed', async () => {
    const name = config('gate.json', { budgets: [{ never: ['bpf'] }] });
    const same = ['gate', 'web/bpf.json', 'web/bpf.json', '--config', name];
    const { status, stdout } = await run(...same);
    expect(status).toBe(1);
    expect(stdout).toMatch(/^web\/bpf\.json: no change; 1 over a budget\n.*\[budget-call\]/s);
    expect((await run(...same, '--fail-on', 'loosened')).status).toBe(0);
    expect((await run(...same, '--no-config')).status).toBe(0);
  });
});
