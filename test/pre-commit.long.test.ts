import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freshCheckout, git } from '@callgate/testing/checkout';
import { Undo } from '@callgate/testing/recorded';
import { describeWith } from '@callgate/testing/requirements';
import { afterAll, beforeAll, expect, it } from 'vitest';

const undo = new Undo();
afterAll(() => undo.run());

const ALLOWS_ALL = '{\n  "defaultAction": "SCMP_ACT_ALLOW"\n}\n';
const OTHERS = {
  'package.json': '{"name": "x"}\n',
  'cut.json': '{"name": \n',
  'deploy/pod.yaml': 'kind: Pod\n---\nkind: Service\n',
  'notes.txt': 'defaultAction\n',
};

describeWith(['pre-commit', 'git'], 'the hook callgate-lint of pre-commit', () => {
  let folder: string;
  let home: string;

  beforeAll(() => {
    home = undo.folder();
    folder = undo.folder();
    git(folder, 'init', '-q');
    const checkout = freshCheckout(undo);
    const hook = { id: 'callgate-lint', args: ['--arch', 'x86_64', '--fail-on', 'high'] };
    const repo = { repo: checkout, rev: git(checkout, 'rev-parse', 'HEAD'), hooks: [hook] };
    write({ '.pre-commit-config.yaml': JSON.stringify({ repos: [repo] }), ...OTHERS });
    const installed = preCommit('install-hooks');
    if (installed.status !== 0) throw new Error(`${installed.stdout}${installed.stderr}`);
    // What is installed does not need the checkout any more.
    rmSync(checkout, { recursive: true });
  }, 300_000);

  function write(files: Readonly<Record<string, string>>): void {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(folder, path, '..'), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    git(folder, 'add', '--all');
  }

  function preCommit(...args: string[]) {
    const env = { ...process.env, PRE_COMMIT_HOME: home, PRE_COMMIT_COLOR: 'never' };
    return spawnSync('pre-commit', args, { cwd: folder, env, encoding: 'utf8', timeout: 280_000 });
  }

  it('passes over files that hold no profile', () => {
    const { status, stdout } = preCommit('run', '--all-files', '--verbose');
    expect(stdout).toMatch(/^callgate lint\.+Passed\n- hook id: callgate-lint\n- duration: [\d.]+s\n\s*$/);
    expect(status).toBe(0);
  });

  it('fails for a profile that is changed for the worse, in JSON as in YAML', () => {
    write({ 'web.json': ALLOWS_ALL, 'db.yaml': 'defaultAction: SCMP_ACT_ALLOW\n' });
    const { status, stdout } = preCommit('run');
    expect(stdout).toContain('exit code: 1');
    expect(stdout).toMatch(/^web\.json:2:20: high: every call that no rule names passes/m);
    expect(stdout).toMatch(/^db\.yaml:1:16: high: every call that no rule names passes/m);
    expect(status).toBe(1);
    git(folder, 'rm', '-qf', 'web.json', 'db.yaml');
  });

  it('fails for a profile that cannot be judged', () => {
    write({ 'web.json': ALLOWS_ALL.replace('ALLOW', 'FOO') });
    const { status, stdout } = preCommit('run');
    expect(stdout).toContain('exit code: 2');
    expect(stdout).toMatch(/^callgate: web\.json:2:20: error: .*\[unknown-action\]$/m);
    expect(status).toBe(1);
    git(folder, 'rm', '-qf', 'web.json');
  });
});
