import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { callgate } from '@callgate/testing/callgate';
import { describeWith } from '@callgate/testing/requirements';
import { afterAll, beforeAll, expect, it } from 'vitest';

const cwd = mkdtempSync(join(tmpdir(), 'callgate-git-'));
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

describeWith(['git'], 'a file in git', () => {
  beforeAll(() => {
    const git = (...args: string[]) =>
      execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], { cwd, stdio: 'ignore' });
    const commit = (action: string) => {
      writeFileSync(join(cwd, 'web/p.json'), `{"defaultAction": "SCMP_ACT_${action}"}`);
      git('add', '.');
      git('commit', '-qm', action);
    };
    git('init', '-q');
    mkdirSync(join(cwd, 'web'));
    commit('ERRNO');
    commit('ALLOW');
  });

  it('is a subject as any other, in every commit', async () => {
    const explained = (subject: string) => callgate(['explain', subject, 'read'], { cwd });
    expect((await explained('git:HEAD:web/p.json')).stdout).toMatch(/→ ALLOW/);
    expect((await explained('git:HEAD~1:web/p.json')).stdout).toMatch(/→ ERRNO/);
    const { status, stdout } = await callgate(['diff', 'git:HEAD~1:web/p.json', 'web/p.json'], { cwd });
    expect([status, stdout]).toEqual([1, expect.stringMatching(/loosened/)]);
    const below = await callgate(['show', 'git:HEAD:./p.json'], { cwd: join(cwd, 'web') });
    expect(below.status).toBe(0);
  });

  it.each([
    [
      'git:HEAD:no.json',
      /^callgate: cannot read git:HEAD:no\.json: path 'no\.json' does not exist in 'HEAD' \[unreadable\]\n$/,
    ],
    [
      'git:nothing:web/p.json',
      /^callgate: cannot read git:nothing:web\/p\.json: .*nothing.* \[unreadable\]\n$/,
    ],
    ['git:--help:web/p.json', /a revision does not begin with "-" \[unreadable\]\n$/],
    ['git:HEAD:web', /^callgate: cannot read git:HEAD:web: .+ \[unreadable\]\n$/],
  ])('is refused in one line: %s', async (subject, line) => {
    expect(await callgate(['show', subject], { cwd })).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(line),
    });
  });
});
