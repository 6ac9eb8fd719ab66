import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DOCKER_PROFILE } from '@callgate/engine/stock';
import { spawnCallgate } from '@callgate/testing/callgate';
import { Containers } from '@callgate/testing/containers';
import { describeWith } from '@callgate/testing/requirements';
import { afterAll, beforeAll, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'callgate-containers-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const dockerDefault = file('docker.json', DOCKER_PROFILE);
/** What a program such as sleep needs is allowed by the default action. */
const CONDITIONS = {
  defaultAction: 'SCMP_ACT_ALLOW',
  architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86'],
  syscalls: [
    {
      names: ['socket'],
      action: 'SCMP_ACT_ERRNO',
      errnoRet: 97,
      args: [
        { index: 0, value: 40, op: 'SCMP_CMP_EQ' },
        { index: 1, value: 1, op: 'SCMP_CMP_GT' },
      ],
    },
    {
      names: ['clone', 'unshare'],
      action: 'SCMP_ACT_ERRNO',
      args: [{ index: 0, value: 0x10000000, valueTwo: 0x10000000, op: 'SCMP_CMP_MASKED_EQ' }],
    },
    { names: ['mkdir', 'keyctl'], action: 'SCMP_ACT_ERRNO', errnoRet: 13 },
    { names: ['ptrace'], action: 'SCMP_ACT_KILL_PROCESS' },
    { names: ['mknod'], action: 'SCMP_ACT_LOG', args: [{ index: 2, value: 0x100000000, op: 'SCMP_CMP_GE' }] },
  ],
};
const conditions = file('conditions.json', JSON.stringify(CONDITIONS));
/** The same but for one rule. */
const others = file(
  'others.json',
  JSON.stringify({
    ...CONDITIONS,
    syscalls: CONDITIONS.syscalls.filter((rule) => !rule.names.includes('mkdir')),
  }),
);

function expectProven(...args: string[]): void {
  const { status, stdout, stderr } = spawnCallgate(['verify', ...args, '--json']);
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toMatchObject({ equal: true, differences: [] });
  expect(status).toBe(0);
}

describeWith(['root', 'docker'], 'a container of Docker', () => {
  const containers = new Containers('docker');
  beforeAll(() => containers.create());
  afterAll(() => containers.remove());

  it.each([
    ["Docker's default of callgate", dockerDefault],
    ['a profile with conditions', conditions],
  ])('has the filter that the rules make of %s', (_, profile) => {
    const name = containers.start('--security-opt', `seccomp=${profile}`);
    expectProven(profile, '--against', `docker:${name}`);
  });

  it('has the filter for its capabilities', () => {
    const name = containers.start('--security-opt', `seccomp=${dockerDefault}`, '--cap-add', 'SYS_ADMIN');
    expectProven(dockerDefault, '--against', `docker:${name}`);
    // Under that capability mount is allowed; a target without it is not what the container has.
    expect(spawnCallgate(['explain', `docker:${name}`, 'mount']).status).toBe(0);
    const { status } = spawnCallgate([
      'verify',
      dockerDefault,
      '--against',
      `docker:${name}`,
      '--caps',
      'CAP_CHOWN',
    ]);
    expect(status).toBe(1);
  });

  it('is told from another by the call on which they differ', () => {
    const name = containers.start('--security-opt', `seccomp=${conditions}`);
    const { status, stdout } = spawnCallgate(['verify', others, '--against', `docker:${name}`, '--json']);
    expect(status).toBe(1);
    const { differences } = JSON.parse(stdout);
    expect(differences.length).toBeGreaterThan(0);
    for (const { syscall, after } of differences) {
      expect(['mkdir', 'keyctl']).toContain(syscall);
      expect(after).toEqual({ action: 'ERRNO', data: 13 });
    }
    expect(spawnCallgate(['verify', others, '--against', `docker:${name}`]).stdout).toContain('mkdir');
  });

  it("differs under Docker's own default only where its release does, and can be written as a profile", () => {
    const name = containers.start();
    const { stdout, stderr, status } = spawnCallgate(['diff', 'stock:docker', `docker:${name}`, '--json']);
    expect(stderr).toBe('');
    expect(status).toBeLessThan(2);
    for (const difference of JSON.parse(stdout).differences) {
      // Older defaults know fewer calls, and answer EPERM or ENOSYS to others; no release lets foreign ABIs in.
      expect(['x86_64', 'x86', 'x32', 'aarch64', 'arm']).toContain(difference.arch);
      expect(difference.before.action).toMatch(/^(ALLOW|ERRNO)$/);
      expect(difference.after.action).toMatch(/^(ALLOW|ERRNO)$/);
    }
    const made = join(folder, 'made.json');
    const decompiled = spawnCallgate(['decompile', `docker:${name}`, '-o', made]);
    expect(decompiled.stderr).toMatch(/proven equal/);
    expect(decompiled.status).toBe(0);
    const [, runtime] = /as (\w+) reads it/.exec(decompiled.stderr)!;
    expect(spawnCallgate(['diff', made, `docker:${name}`, '--runtime', runtime, '--quiet']).status).toBe(0);
  });

  it('has none when that was asked for', () => {
    const name = containers.start('--security-opt', 'seccomp=unconfined');
    const { status, stderr } = spawnCallgate(['disasm', `docker:${name}`]);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^callgate: [^\n]*no filter\n$/);
  });

  it.each(['none-of-that-name', '', '--help', 'a b', 'stopped'])('is missed in one line: "%s"', (name) => {
    const asked = name === 'stopped' ? containers.start() : name;
    if (name === 'stopped') containers.stop(asked);
    const { status, stdout, stderr } = spawnCallgate(['disasm', `docker:${asked}`]);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^callgate: [^\n]*container[^\n]*\n$/);
  });
});

describeWith(['root', 'podman'], 'a container of Podman', () => {
  const containers = new Containers('podman');
  beforeAll(() => containers.create());
  afterAll(() => containers.remove());

  it('has the filter that the rules make of a profile', () => {
    const name = containers.start('--security-opt', `seccomp=${conditions}`);
    // Its default action allows, so there is no stub in which the runtimes that Podman may use differ.
    expectProven(conditions, '--against', `podman:${name}`);
    expect(spawnCallgate(['verify', others, '--against', `podman:${name}`]).status).toBe(1);
  });
});

describeWith(['root', 'runc'], 'a container that runc creates', () => {
  it.each([
    ["Docker's default of callgate", dockerDefault],
    ['a profile with conditions', conditions],
  ])('has the filter that the rules make of %s', (_, profile) => {
    expectProven(profile, '--against', 'runc');
  });
});

describeWith(['libseccomp'], 'the filter that libseccomp makes', () => {
  it.each([
    ["Docker's default of callgate", [dockerDefault]],
    ["Docker's default of callgate for ARM", [dockerDefault, '--arch', 'aarch64,arm']],
    ['a profile with conditions', [conditions]],
  ])('is what the rules make of %s', (_, args) => {
    expectProven(...args, '--against', 'libseccomp');
  });
});
