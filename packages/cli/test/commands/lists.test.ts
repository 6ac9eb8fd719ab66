import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { callgate } from '@callgate/testing/callgate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** Lists of other sandboxes, each of which denies mkdir at the given place, by EPERM where it can. */
const LISTS: Readonly<
  Record<string, { readonly text: string; readonly at: string; readonly answer: string }>
> = {
  'web.service': {
    text: '[Unit]\nDescription=x\n[Service]\nSystemCallFilter=~mkdir\nSystemCallErrorNumber=EPERM\n',
    at: '4:19',
    answer: 'ERRNO(EPERM)',
  },
  'web.seccomp': { text: '2\ndenylist\n[all]\nmkdir errno 1\n', at: '4:1', answer: 'ERRNO(EPERM)' },
  'web.policy': { text: 'read: 1\nmkdir: return EPERM\n', at: '2:1', answer: 'ERRNO(EPERM)' },
  'web.kafel': {
    text: 'POLICY a {\n  ERRNO(1) { mkdir }\n}\nUSE a DEFAULT KILL\n',
    at: '2:14',
    answer: 'ERRNO(EPERM)',
  },
  'web.template': { text: 'read\nwrite\n~mkdir\n', at: '3:2', answer: 'ERRNO(EACCES)' },
  'web.profile': { text: 'noroot\nseccomp.drop mkdir\n', at: '2:14', answer: 'ERRNO(EPERM)' },
};

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'callgate-lists-'));
  for (const [name, { text }] of Object.entries(LISTS)) writeFileSync(join(folder, name), text);
  writeFileSync(join(folder, 'other.conf'), 'nothing = here\n');
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(Object.entries(LISTS))('%s', (name, { at, answer }) => {
  const run = (...args: string[]) => callgate(args, { cwd: folder });

  it('is shown, and no container runtime with it', async () => {
    const { status, stdout, stderr } = await run('show', name, '--names');
    expect({ status, stdout }).toEqual({
      status: 0,
      stdout: expect.stringContaining(`${name} covers x86_64`),
    });
    expect(stdout + stderr).not.toMatch(/\b(?:runc|docker|podman)\b/i);
    expect(stdout).toContain('mkdir');
    expect(stdout).toContain('an OCI runtime reads no such file');
  });

  it('is explained by its own lines', async () => {
    const { status, stdout } = await run('explain', name, 'mkdir', '--arch', 'x86_64');
    expect(status).toBe(1);
    expect(stdout).toContain(answer);
    expect(stdout).toMatch(new RegExp(`line ${at.replace(':', ', column ')}\\b`));
  });

  it('is judged', async () => {
    const { status, stdout, stderr } = await run('lint', name, '--json');
    expect({ isJudged: status < 2, stderr }).toEqual({ isJudged: true, stderr: '' });
    expect(JSON.parse(stdout).findings.every(({ file }: { file: string }) => file === name)).toBe(true);
    expect(stdout).not.toMatch(/\b(?:runc|docker|podman)\b/i);
  });

  it('is compared and compiled', async () => {
    const diff = await run('diff', 'stock:none', name, '--json');
    expect(diff.status).toBe(1);
    expect(diff.stdout).toContain('"mkdir"');
    const { status, stdout } = await run('compile', name, '--format', 'json');
    expect({ status, program: JSON.parse(stdout) }).toEqual({ status: 0, program: expect.anything() });
  });

  it('is not changed', async () => {
    expect(await run('lint', name, '--fix')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('JSON and YAML'),
    });
    expect(await run('edit', name, '--allow', 'mkdir')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('JSON and YAML'),
    });
  });
});

it('finds lists in a folder', async () => {
  const { stdout } = await callgate(['lint', folder, '--json'], { cwd: folder });
  const names = JSON.parse(stdout).findings.map(({ file }: { file: string }) => file.split('/').at(-1));
  expect([...new Set(names)].sort()).toEqual(Object.keys(LISTS).sort());
});

it('says where a list is faulty', async () => {
  const { status, stderr } = await callgate(['show', '-'], {
    input: 'read: 1\nwrite: 1\nmkdir: arg9 == 1\n',
  });
  expect(status).toBe(2);
  expect(stderr).toMatch(/:3:8: error: "arg9" is no argument/);
});

it('reads a list as the runtime that is named would, if somebody asks', async () => {
  const { status, stdout } = await callgate(['show', '-', '--runtime', 'crun', '--quiet'], {
    input: 'read: 1\nwrite: 1\n',
  });
  expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining('ALLOW') });
});

describe('two conditions on a call that x86 also makes through socketcall', () => {
  it.each([
    ['web.template', 'read\nsocket AF_UNIX\nsocket AF_INET\n'],
    ['web.seccomp', '2\nallowlist errno 1\n[all]\nsocket allow [0,1,==]\nsocket allow [0,2,==]\n'],
  ])('are no fault of %s', async (name, text) => {
    const { status, stdout } = await callgate(['explain', '-', 'socket', '--arch', 'x86_64'], {
      input: text,
    });
    expect({ name, status }).toEqual({ name, status: 1 });
    expect(stdout).toContain('ALLOW');
  });
});

it('a runtime that is named for the other side changes nothing of a list', async () => {
  const text = '2\nallowlist errno 1\n[all]\nread allow\nexit_group allow\n';
  const made = join(folder, 'made.json');
  const there = await callgate(['convert', '-', '--to', 'oci', '-o', made], { input: text });
  expect(there).toMatchObject({ status: 0, stderr: expect.stringContaining("runc's own ENOSYS") });
  expect((await callgate(['diff', '-', made, '--runtime', 'crun'], { input: text })).stdout).toContain(
    'equal',
  );
});

it('lint judges no listing of a filter, and says what does', async () => {
  const listing =
    ' line  OP JT JF    K\n=================================\n 0000: 06 00 00 7fff0000   ret ALLOW\n';
  expect(await callgate(['lint', '-'], { input: listing })).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('is a filter; lint judges profiles'),
  });
});

it('a profile for several ABIs is no list for one, and it is said how it becomes one', async () => {
  const abis = ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'];
  const input = JSON.stringify({
    defaultAction: 'SCMP_ACT_ERRNO',
    architectures: abis,
    syscalls: [{ names: ['read', 'exit_group'], action: 'SCMP_ACT_ALLOW' }],
  });
  const several = await callgate(['convert', '-', '--to', 'kafel'], { input });
  expect(several).toMatchObject({
    status: 1,
    stdout: '',
    stderr: expect.stringContaining('--arch x86_64 takes'),
  });
  const one = await callgate(['convert', '-', '--to', 'kafel', '--arch', 'x86_64', '-q'], { input });
  expect(one).toMatchObject({ status: 0, stderr: '' });
});
