import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readDocuments } from '@callgate/engine/internal/source/read';
import type { Tree } from '@callgate/engine/internal/source/tree';
import { callgate } from '@callgate/testing/callgate';
import { BUSYBOX, PODMAN_RUN } from '@callgate/testing/containers';
import { describeWith } from '@callgate/testing/requirements';
import { until } from '@callgate/testing/until';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'callgate-carriers-'));
const path = (name: string) => join(folder, name);
const EIO = 5;
const started: ChildProcess[] = [];

beforeAll(() => {
  const rule = { names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: EIO };
  writeFileSync(path('no-mkdir.json'), JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', syscalls: [rule] }));
});
afterEach(() => {
  for (const { pid } of started.splice(0))
    try {
      // Whatever it has started, too.
      process.kill(-pid!, 'SIGKILL');
    } catch {}
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function convert(carrier: string, ...more: string[]): Promise<string> {
  const out = path(carrier);
  const { status, stderr } = await callgate([
    'convert',
    path('no-mkdir.json'),
    '--to',
    carrier,
    '-o',
    `${out}/`,
    ...more,
  ]);
  expect([status, stderr]).toEqual([0, expect.stringContaining('proven equal')]);
  return out;
}

function run(command: string, args: readonly string[]) {
  return spawnSync(command, args, { encoding: 'utf8', timeout: 60_000 });
}

describeWith(['gcc'], 'the C header', () => {
  it('compiles without a warning, and its function installs the filter', async () => {
    const out = await convert('c');
    const source = `#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include "no-mkdir.h"
int main(void)
{
	if (seccomp_no_mkdir_install())
		return 1;
	return mkdir("made", 0700) == -1 ? errno : 0;
}
`;
    writeFileSync(join(out, 'main.c'), source);
    const flags = ['-Wall', '-Wextra', '-Wpedantic', '-Werror', '-std=c99', '-I', out];
    const { status, stderr } = run('gcc', [...flags, '-o', join(out, 'main'), join(out, 'main.c')]);
    expect([status, stderr]).toEqual([0, '']);
    expect(run(join(out, 'main'), []).status).toBe(EIO);
  });
});

describeWith(['bwrap'], 'the script for bubblewrap', () => {
  it('runs a program under the filter', async () => {
    const script = join(await convert('bubblewrap'), 'no-mkdir.sh');
    const inside = ['--ro-bind', '/', '/', '--tmpfs', '/tmp', '--dev', '/dev'];
    const denied = run('sh', [script, ...inside, 'mkdir', '/tmp/made']);
    expect([denied.status, denied.stderr]).toEqual([1, expect.stringContaining('Input/output error')]);
    expect(run('sh', [script, ...inside, 'touch', '/tmp/made']).status).toBe(0);
    expect(run('bwrap', [...inside, 'mkdir', '/tmp/made']).status).toBe(0);
  });
});

describeWith(['docker-compose'], 'the compose file', () => {
  it('is one, beside that of the service', async () => {
    const out = await convert('compose', '--set', 'service=web');
    writeFileSync(join(out, 'compose.yaml'), 'services:\n  web:\n    image: example/web\n');
    const files = ['compose.yaml', 'no-mkdir.compose.yaml'].flatMap((name) => ['-f', join(out, name)]);
    // The first docker-compose looks for the profile where it is started, later ones beside the file.
    const { status, stdout, stderr } = spawnSync('docker-compose', [...files, 'config'], {
      cwd: out,
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain('- seccomp:./no-mkdir.json');
  });
});

describeWith(['docker', 'busybox'], 'the script for Docker', () => {
  const image = `callgate-script-${process.pid}`;
  afterAll(() => void run('docker', ['rmi', '--force', image]));

  it('starts a container under the profile, from any folder', async () => {
    const out = await convert('docker-run');
    mkdirSync(join(out, 'bin'));
    copyFileSync(BUSYBOX, join(out, 'bin/busybox'));
    execFileSync('tar', ['-C', out, '-cf', join(out, 'image.tar'), 'bin']);
    execFileSync('docker', ['import', join(out, 'image.tar'), image], { stdio: 'pipe' });
    const start = ['--rm', '--network=none', image, '/bin/busybox'];
    const denied = run('sh', [join(out, 'no-mkdir.sh'), ...start, 'mkdir', '/made']);
    expect(denied).toMatchObject({ status: 1, stderr: expect.stringContaining('Input/output error') });
    expect(run('sh', [join(out, 'no-mkdir.sh'), ...start, 'true']).status).toBe(0);
    expect(run('docker', ['run', ...start, 'mkdir', '/made']).status).toBe(0);
  });
});

describeWith(['podman', 'busybox'], 'the label for Podman', () => {
  const images = [`callgate-label-${process.pid}`, `callgate-line-${process.pid}`];
  const base = `callgate-base-${process.pid}`;
  afterAll(() => void run('podman', ['rmi', '--force', ...images, base]));

  it.each(['the option', 'the line'] as const)(
    'is in force under --seccomp-policy image, by %s',
    async (by) => {
      const out = await convert('podman-label');
      const context = join(out, 'context');
      mkdirSync(join(context, 'bin'), { recursive: true });
      copyFileSync(BUSYBOX, join(context, 'bin/busybox'));
      execFileSync('tar', ['-C', context, '-cf', join(context, 'image.tar'), 'bin']);
      execFileSync('podman', ['import', join(context, 'image.tar'), base], { stdio: 'pipe' });
      const line = by === 'the line' ? readFileSync(join(out, 'Containerfile'), 'utf8') : '';
      writeFileSync(join(context, 'Containerfile'), `FROM localhost/${base}\n${line}`);
      const image = images[by === 'the line' ? 1 : 0];
      const build = ['-q', '-t', image, '-f', join(context, 'Containerfile'), context];
      const built =
        by === 'the line'
          ? run('podman', ['build', ...build])
          : run('sh', [join(out, 'no-mkdir.build.sh'), ...build]);
      expect(built.status, built.stderr).toBe(0);
      const mkdirUnder = (policy: string) =>
        run('podman', [
          ...PODMAN_RUN,
          '--rm',
          '--seccomp-policy',
          policy,
          image,
          '/bin/busybox',
          'mkdir',
          '/made',
        ]);
      expect(mkdirUnder('image')).toMatchObject({
        status: 1,
        stderr: expect.stringContaining('Input/output error'),
      });
      expect(mkdirUnder('default').status).toBe(0);
      writeFileSync(path('image.json'), run('podman', ['image', 'inspect', image]).stdout);
      expect((await callgate(['diff', path('image.json'), path('no-mkdir.json'), '-q'])).status).toBe(0);
    },
  );
});

interface ConfigMap {
  readonly data: Readonly<Record<string, string>>;
}
interface DaemonSet {
  readonly spec: {
    readonly template: { readonly spec: { readonly containers: readonly { readonly command: string[] }[] } };
  };
}

/** What the DaemonSet's pods have: the ConfigMap's files, and the command with the node's folder in place of the mount. */
async function daemonset(): Promise<{
  readonly command: string[];
  readonly seccomp: string;
  readonly file: string;
}> {
  const out = await convert('daemonset');
  const { value } = readDocuments(readFileSync(join(out, 'no-mkdir.yaml'), 'utf8'), 'yaml');
  const [map, set] = value!.map(plain) as [ConfigMap, DaemonSet];
  const profile = join(out, 'profile');
  mkdirSync(profile, { recursive: true });
  for (const [name, text] of Object.entries(map.data)) writeFileSync(join(profile, name), text);
  const [{ command }] = set.spec.template.spec.containers;
  const seccomp = mkdtempSync(join(folder, 'seccomp-'));
  const moved = command.map((word: string) =>
    word.replace(/^\/profile\//, `${profile}/`).replace(/^\/seccomp$/, seccomp),
  );
  return { command: moved, seccomp, file: join(seccomp, command[4]) };
}

function plain(tree: Tree): unknown {
  if (tree.kind === 'object')
    return Object.fromEntries(tree.entries.map(({ key, value }) => [key, plain(value)]));
  if (tree.kind === 'array') return tree.items.map(plain);
  return tree.kind === 'number' ? Number(tree.text) : tree.kind === 'null' ? null : tree.value;
}

describeWith(['busybox'], "the DaemonSet's script, in busybox", () => {
  const start = (command: readonly string[], host = 'pod-1') => {
    const child = spawn(BUSYBOX, command, {
      env: { HOSTNAME: host, PATH: '/none' },
      stdio: 'pipe',
      detached: true,
    });
    started.push(child);
    return child;
  };
  const isWhole = async (file: string) =>
    (await callgate(['diff', file, path('no-mkdir.json'), '-q'])).status === 0;
  const entries = (seccomp: string) => readdirSync(join(seccomp, 'profiles/callgate'));

  it('writes the file, once, and again when it is spoiled', async () => {
    const { command, seccomp, file } = await daemonset();
    start(command);
    await until('the file is there', () => existsSync(file));
    expect(await isWhole(file)).toBe(true);
    expect(entries(seccomp)).toHaveLength(1);
    const before = readFileSync(file);
    start(command, 'pod-2');
    writeFileSync(file, '{}');
    start(command, 'pod-3');
    await until('it is whole again', () => readFileSync(file).equals(before));
    await until('nothing is left beside it', () => entries(seccomp).length === 1);
  });

  it('leaves the whole file or none when it is killed, whenever that is', async () => {
    for (let i = 0; i < 40; i++) {
      const { command, file } = await daemonset();
      const { pid } = start(command);
      await new Promise((resolve) => setTimeout(resolve, i / 2));
      process.kill(-pid!, 'SIGKILL');
      if (existsSync(file)) expect(await isWhole(file), `killed after ${i / 2} ms`).toBe(true);
      start(command);
      await until('the next one finishes it', () => existsSync(file));
      expect(await isWhole(file)).toBe(true);
    }
  });

  it('ends at once when it is told to', async () => {
    const { command, file } = await daemonset();
    const child = start(command);
    await until('the file is there', () => existsSync(file));
    const ended = new Promise((resolve) => child.on('exit', (status) => resolve(status)));
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  });

  it('fails where it cannot write, and never writes what is not the profile', async () => {
    const { command, seccomp, file } = await daemonset();
    writeFileSync(command[2], '{"defaultAction": "SCMP_ACT_ALLOW"}');
    const child = start(command);
    const ended = new Promise((resolve) => child.on('exit', (status) => resolve(status)));
    expect(await ended).toBe(1);
    expect(existsSync(file)).toBe(false);
    rmSync(seccomp, { recursive: true });
    writeFileSync(seccomp, '');
    const other = start(command);
    expect(await new Promise((resolve) => other.on('exit', (status) => resolve(status)))).toBe(1);
  });
});
