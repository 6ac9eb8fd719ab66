import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { processStatus, threadsOf } from '@callgate/linux/internal/process/processes';
import { callgate, spawnCallgate } from '@callgate/testing/callgate';
import { BUSYBOX, Containers } from '@callgate/testing/containers';
import { profile } from '@callgate/testing/filter-files';
import { kill, Undo } from '@callgate/testing/recorded';
import { describeWith } from '@callgate/testing/requirements';
import { bundleHost, containerdHost, makeRoot } from '@callgate/testing/served';
import { until } from '@callgate/testing/until';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

const denyMkdir = profile('ps-deny-mkdir.json', {
  defaultAction: 'SCMP_ACT_ALLOW',
  syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO' }],
});
const killPtrace = profile('ps-kill-ptrace.json', {
  defaultAction: 'SCMP_ACT_ALLOW',
  architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'],
  syscalls: [
    { names: ['ptrace'], action: 'SCMP_ACT_KILL_PROCESS' },
    { names: ['socket'], action: 'SCMP_ACT_ERRNO', args: [{ index: 0, value: 38, op: 'SCMP_CMP_EQ' }] },
  ],
});
/** Under which no program starts: it lacks execve. */
const minimal = profile('ps-minimal.json', {
  defaultAction: 'SCMP_ACT_ERRNO',
  syscalls: [{ names: ['read', 'write', 'exit', 'exit_group', 'rt_sigreturn'], action: 'SCMP_ACT_ALLOW' }],
});

interface Listed {
  readonly engine: string;
  readonly name: string;
  readonly namespace?: string;
  readonly mode: string;
  readonly filters: number;
  readonly profile: { readonly name?: string; readonly kind?: string; readonly relation: string } | null;
  readonly noNewPrivs: boolean;
  readonly privileged?: boolean;
  readonly threads: number;
  readonly differing: readonly {
    readonly mode: string;
    readonly threads: number;
    readonly isOther: boolean;
  }[];
  readonly open?: readonly string[];
}

async function listed(name: string, ...more: string[]): Promise<Listed> {
  const { status, stdout, stderr } = await callgate(['ps', '--json', ...more]);
  expect([status, stderr]).toEqual([0, '']);
  const found = JSON.parse(stdout).containers.filter((c: Listed) => c.name === name);
  expect(found).toHaveLength(1);
  return found[0];
}

async function verified(against: string, of: string) {
  const { status, stdout } = await callgate(['verify', of, '--against', against, '--json']);
  return { status, ...JSON.parse(stdout) };
}

describe.each(['docker', 'podman'] as const)('%s', (engine) => {
  describeWith(['root', engine, 'busybox'], 'containers', () => {
    const containers = new Containers(engine);
    beforeAll(() => containers.create());
    afterAll(() => containers.remove());
    const given = (file: string) => containers.start('--security-opt', `seccomp=${file}`);

    it('under the default are recognised, and verify says equal to what ps names', async () => {
      const name = containers.start();
      const found = await listed(name);
      expect(found).toMatchObject({
        engine,
        mode: 'filter',
        filters: 1,
        noNewPrivs: false,
        privileged: false,
      });
      expect(found.profile).toMatchObject({ kind: 'stock', relation: 'equal' });
      expect(found.profile!.name).toMatch(new RegExp(`^stock:${engine}@`));
      expect(found.open).not.toContain('bpf');
      expect(await verified(`${engine}:${name}`, found.profile!.name!)).toMatchObject({
        status: 0,
        equal: true,
        mode: 'filter',
        filters: 1,
        noNewPrivs: false,
        privileged: false,
      });
      const { status, stdout } = await callgate(['diff', found.profile!.name!, `${engine}:${name}`]);
      expect([status, stdout]).toEqual([0, expect.stringContaining(': equal\n')]);
      const { stdout: text } = await callgate(['ps']);
      expect(text).toMatch(new RegExp(`^${engine} +${name} +filter +default of ${engine} \\S+ +equal`, 'm'));
    });

    it.each([
      ['denyMkdir', denyMkdir],
      ['killPtrace', killPtrace],
    ])('under a profile of ours are known by it: %s', async (_, file) => {
      const name = given(file);
      expect((await listed(name)).profile).toMatchObject({ kind: 'given' });
      expect((await listed(name, '--known', file)).profile).toMatchObject({ kind: 'file', name: file });
      expect((await listed(name)).profile!.relation).not.toBe('equal');
      expect(await verified(`${engine}:${name}`, file)).toMatchObject({ status: 0, equal: true });
      const other = file === denyMkdir ? killPtrace : denyMkdir;
      expect(await verified(`${engine}:${name}`, other)).toMatchObject({ status: 1, equal: false });
    });

    it('without a filter are said to have none, in words and in JSON', async () => {
      const name = given('unconfined');
      expect(await listed(name)).toMatchObject({ mode: 'none', filters: 0, profile: null });
      const shown = await callgate(['show', `${engine}:${name}`]);
      expect([shown.status, shown.stdout]).toEqual([
        0,
        `${engine}:${name} has no filter: every call passes\n`,
      ]);
      const { stdout } = await callgate(['show', `${engine}:${name}`, '--json']);
      expect(JSON.parse(stdout)).toMatchObject({ mode: 'none', filters: 0 });
      expect(await verified(`${engine}:${name}`, denyMkdir)).toMatchObject({
        status: 1,
        equal: false,
        mode: 'none',
        filters: 0,
      });
      expect((await callgate(['ps'])).status).toBe(0);
      const failed = await callgate(['ps', '--fail-on', 'unconfined']);
      expect(failed.status).toBe(1);
      expect(failed.stdout).toContain(`${engine} ${name} runs without a filter [unconfined]\n`);
      const { status, stdout: json } = await callgate(['ps', '--fail-on', 'unconfined', '--json']);
      expect(status).toBe(1);
      expect(JSON.parse(json).findings).toContainEqual({
        code: 'unconfined',
        severity: 'high',
        message: `${engine} ${name} runs without a filter`,
      });
    });

    it('that are privileged are told from those that are just without a filter', async () => {
      const name = `${containers.start('--security-opt', 'no-new-privileges')}`;
      expect(await listed(name)).toMatchObject({ noNewPrivs: true, privileged: false });
      // Not every machine may give all capabilities.
      const start = () => containers.start('--privileged');
      let privileged: string | undefined;
      try {
        privileged = start();
      } catch (fault) {
        expect(String(fault)).toMatch(/caps|permitted/);
      }
      if (privileged)
        expect(await listed(privileged)).toMatchObject({ mode: 'none', profile: null, privileged: true });
    });

    it('in which a thread has no filter are said to have one, by ps and by verify', async () => {
      const name = containers.start();
      const { stdout } = spawnSync(engine, ['inspect', '--type=container', '--format={{.State.Pid}}', name], {
        encoding: 'utf8',
      });
      const child = spawn('nsenter', ['-t', stdout.trim(), '-m', '/bin/busybox', 'sleep', '600'], {
        stdio: 'ignore',
      });
      try {
        await until('the thread', () => threadsOf(child.pid!).length === 1);
        await until('its namespace', () =>
          spawnSync('readlink', [`/proc/${child.pid}/ns/mnt`]).stdout.equals(
            spawnSync('readlink', [`/proc/${stdout.trim()}/ns/mnt`]).stdout,
          ),
        );
        const found = await listed(name);
        expect(found).toMatchObject({ mode: 'filter', threads: 2 });
        expect(found.differing).toMatchObject([{ mode: 'none', threads: 1, isOther: false }]);
        const verdict = await verified(`${engine}:${name}`, found.profile!.name!);
        expect(verdict).toMatchObject({ status: 1, equal: false, differences: [] });
        expect((await callgate(['ps'])).stdout).toContain('1 of 2 threads has no filter');
        const { stdout: said } = await callgate(['ps', '--fail-on', 'unconfined']);
        expect(said).toContain(
          `${engine} ${name}: 1 thread without a filter, such as ${child.pid} [unconfined]`,
        );
      } finally {
        child.kill('SIGKILL');
      }
    });

    it('do not start under a profile that lets no program start', () => {
      expect(() => given(minimal)).toThrow();
    });

    it('that do not run are listed with -a alone', async () => {
      const name = containers.start();
      containers.stop(name);
      const named = async (...args: string[]) => {
        const { stdout } = await callgate(['ps', '--json', ...args]);
        return JSON.parse(stdout).containers.filter((c: Listed) => c.name === name);
      };
      await expect.poll(() => named()).toEqual([]);
      expect(await named('-a')).toMatchObject([
        { state: 'stopped', pid: null, mode: null, filters: null, profile: null, noNewPrivs: null },
      ]);
      const { status, stderr } = await callgate(['show', `${engine}:${name}`]);
      expect([status, stderr]).toEqual([2, `callgate: the container ${name} of ${engine} does not run\n`]);
    });
  });
});

describeWith(['root', 'docker', 'busybox'], 'a paused container', () => {
  const containers = new Containers('docker');
  beforeAll(() => containers.create());
  afterAll(() => containers.remove());

  it('is listed without waiting for it', async () => {
    const name = containers.start();
    execFileSync('docker', ['pause', name], { stdio: 'ignore' });
    try {
      expect(await listed(name)).toMatchObject({ state: 'paused', mode: 'filter', filters: 1 });
    } finally {
      execFileSync('docker', ['unpause', name], { stdio: 'ignore' });
    }
  });
});

const undo = new Undo();
afterEach(() => undo.run());
const NOBODY = 65534;
const SLEEP = ['/bin/busybox', 'sleep', '600'];

describe.each(['runc', 'crun'] as const)('%s', (runtime) => {
  describeWith(['root', runtime, 'busybox'], 'by itself', () => {
    it('has its containers listed, recognised and verified', async () => {
      const host = bundleHost(runtime, makeRoot(undo));
      const name = host.newName();
      host.start(undo, name, { command: SLEEP, seccomp: killPtrace });
      expect(await listed(name)).toMatchObject({
        engine: runtime,
        mode: 'filter',
        profile: { kind: 'given' },
      });
      expect(await verified(`${runtime}:${name}`, killPtrace)).toMatchObject({ status: 0, equal: true });
      expect(await verified(`${runtime}:${name}`, denyMkdir)).toMatchObject({ status: 1, equal: false });
      expect((await callgate(['explain', `${runtime}:${name}`, 'ptrace'])).status).toBe(1);
    });
  });
});

describeWith(['root', 'containerd', 'busybox'], 'containerd', () => {
  it('has its default recognised, in whichever namespace', async () => {
    const host = containerdHost(makeRoot(undo));
    const name = host.newName();
    host.start(undo, name, { command: SLEEP });
    const found = await listed(name);
    expect(found).toMatchObject({ engine: 'containerd', namespace: 'callgate-test', mode: 'filter' });
    expect(found.profile).toMatchObject({ kind: 'stock', relation: 'equal' });
    for (const subject of [`containerd:${name}`, `containerd:callgate-test/${name}`])
      expect(await verified(subject, found.profile!.name!)).toMatchObject({ status: 0, equal: true });
  });
});

describeWith(['root', 'busybox'], 'a process of the machine', () => {
  it('that is confined is listed by program, with how many there are', async () => {
    const folder = undo.folder();
    const program = join(folder, '\u001b[31mred');
    writeFileSync(program, '#!/bin/sh\nsleep 600\n');
    chmodSync(program, 0o755);
    const sleeper = join(folder, 'psleeper');
    execFileSync('cp', [BUSYBOX, join(folder, 'sleep')]);
    execFileSync('ln', ['-s', 'sleep', sleeper]);
    const run = (...command: string[]) => {
      const child = spawn(
        process.execPath,
        [
          join(import.meta.dirname, '../packages/cli/bin/callgate.js'),
          'run',
          '--profile',
          denyMkdir,
          '--',
          ...command,
        ],
        {
          stdio: 'ignore',
          detached: true,
        },
      );
      undo.defer(() => kill(-child.pid!, 'SIGKILL'));
      return child;
    };
    for (let i = 0; i < 3; i++) run(join(folder, 'sleep'), '600');
    run(program);
    await expect
      .poll(
        async () => JSON.parse((await callgate(['ps', '--all-processes', '--json'])).stdout).processes ?? [],
        {
          timeout: 20_000,
        },
      )
      .toContainEqual(expect.objectContaining({ program: 'sleep', mode: 'filter', filters: 1 }));
    const { stdout } = await callgate(['ps', '--all-processes', '--known', denyMkdir]);
    expect(stdout).toMatch(/^host +sleep ×\d+ +filter/m);
    expect(stdout).not.toContain('\u001b');
  });
});

const STRICT = `#include <sys/prctl.h>
#include <unistd.h>
int main(void) { int ends[2]; char c; pipe(ends); prctl(PR_SET_SECCOMP, 1, 0, 0, 0); return read(ends[0], &c, 1); }`;

describeWith(['root', 'gcc'], 'a process in strict mode', () => {
  it('is said to be, and what passes there', async () => {
    const program = join(undo.folder(), 'strictly');
    execFileSync('gcc', ['-w', '-x', 'c', '-o', program, '-'], { input: STRICT });
    const { pid } = spawn(program, { stdio: 'ignore' });
    undo.defer(() => kill(pid!, 'SIGKILL'));
    await until('strict mode', () => processStatus(pid!).seccomp === 1);
    const { stdout } = await callgate(['ps', '--all-processes', '--json']);
    expect(JSON.parse(stdout).processes).toContainEqual(
      expect.objectContaining({ program: 'strictly', mode: 'strict', filters: 0, profile: null }),
    );
    const shown = await callgate(['show', `pid:${pid}`]);
    expect(shown.stdout).toContain(`pid:${pid} has no filter: it is in strict mode`);
    expect((await callgate(['explain', `pid:${pid}`, 'read'])).status).toBe(0);
    expect((await callgate(['explain', `pid:${pid}`, 'mkdir'])).status).toBe(1);
    expect((await callgate(['disasm', `pid:${pid}`])).stderr).toMatch(/has no filter: it is in strict mode/);
  });
});

describeWith(['root'], 'somebody else than root', () => {
  it('is told that filters are not read', () => {
    const bin = join(import.meta.dirname, '../packages/cli/bin/callgate.js');
    const { status, stderr } = spawnSync(process.execPath, [bin, 'ps', '--all-processes'], {
      encoding: 'utf8',
      uid: NOBODY,
      gid: NOBODY,
      cwd: '/',
      env: { PATH: process.env.PATH },
    });
    expect([status, stderr]).toEqual([
      0,
      expect.stringMatching(/^callgate: whose filters these are is not said: it needs root/m),
    ]);
  });
});

describe('ps', () => {
  it('refuses an engine that there is not', () => {
    const { status, stderr } = spawnCallgate(['ps', '--engine', '\u001b[31m']);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^callgate: there is no container engine "\\x1b\[31m"/);
  });

  it.each(['docker', 'podman', 'containerd', 'crio', 'runc', 'crun'])(
    'finds no %s container of no name',
    async (engine) => {
      const { status, stderr } = await callgate(['show', `${engine}:callgate-none`]);
      expect(status).toBe(2);
      expect(stderr).toMatch(/^callgate: [^\n]+\n$/);
    },
  );
});
