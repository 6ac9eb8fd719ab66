import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runtimeCommand } from '@callgate/linux/internal/container/oci-container';
import { cleanMachine } from '@callgate/linux/internal/leavings/clean';
import { ownName } from '@callgate/linux/internal/leavings/own-name';
import { BUSYBOX, PODMAN_RUN } from '@callgate/testing/containers';
import { ownNameOfNobody } from '@callgate/testing/own-name-of-nobody';
import { Undo } from '@callgate/testing/recorded';
import { describeWith } from '@callgate/testing/requirements';
import { until } from '@callgate/testing/until';
import { afterEach, describe, expect, it } from 'vitest';

const undo = new Undo();
afterEach(() => undo.run());

const clean = (folders: readonly string[] = []) => cleanMachine({ dryRun: false, folders });
const ran = (program: string, ...args: readonly string[]) =>
  spawnSync(program, args, { encoding: 'utf8' }).stdout ?? '';

/** One thing of a callgate that has ended, and one of this process. */
const both = (kind: string) => [ownNameOfNobody(kind), ownName(kind)] as const;

async function removedNames(folders?: readonly string[]): Promise<string[]> {
  const { found } = await clean(folders);
  expect(found.filter(({ removed }) => !removed)).toEqual([]);
  return found.map(({ leaving }) => leaving.name);
}

function busyboxArchive(): string {
  const root = undo.folder();
  mkdirSync(join(root, 'bin'));
  copyFileSync(BUSYBOX, join(root, 'bin/busybox'));
  const archive = join(undo.folder(), 'image.tar');
  execFileSync('tar', ['-C', root, '-cf', archive, 'bin']);
  return archive;
}

const RUN = { docker: ['run', '--network=none'], podman: PODMAN_RUN };

describe.each(['docker', 'podman'] as const)('what is left behind in %s', (engine) => {
  describeWith([engine, 'busybox'], 'is removed', () => {
    it('containers and images, but not those of others', { timeout: 120_000 }, async () => {
      const archive = busyboxArchive();
      const containers = both('container');
      const images = both('image');
      for (const [i, image] of images.entries()) {
        execFileSync(engine, ['import', archive, image], { stdio: 'ignore' });
        undo.defer(() => spawnSync(engine, ['rmi', '-f', image]));
        const words = ['-d', '--name', containers[i], image, '/bin/busybox', 'sleep', '600'];
        execFileSync(engine, [...RUN[engine], ...words], { stdio: 'ignore' });
        undo.defer(() => spawnSync(engine, ['rm', '-f', containers[i]]));
      }
      await removedNames();
      const names = ran(engine, 'ps', '-a', '--format', '{{.Names}}');
      const tags = ran(engine, 'images', '--format', '{{.Repository}}');
      expect(containers.map((name) => names.includes(name))).toEqual([false, true]);
      expect(images.map((name) => tags.includes(name))).toEqual([false, true]);
    });
  });
});

describe.each(['runc', 'crun'] as const)('what is left behind of %s', (runtime) => {
  describeWith(['root', runtime, 'busybox'], 'is removed', () => {
    it('a container, its cgroup, and the folder with its state', { timeout: 60_000 }, async () => {
      const folder = join(tmpdir(), ownNameOfNobody('container'));
      const id = ownNameOfNobody('container');
      mkdirSync(join(folder, 'rootfs/bin'), { recursive: true });
      for (const name of ['proc', 'dev']) mkdirSync(join(folder, 'rootfs', name));
      copyFileSync(BUSYBOX, join(folder, 'rootfs/bin/busybox'));
      const namespaces = ['pid', 'ipc', 'uts', 'mount'].map((type) => ({ type }));
      const process = { user: { uid: 0, gid: 0 }, args: ['/bin/busybox', 'sleep', '600'], env: [], cwd: '/' };
      const mounts = [{ destination: '/proc', type: 'proc', source: 'proc' }];
      const config = {
        ociVersion: '1.0.2',
        process,
        root: { path: 'rootfs' },
        mounts,
        linux: { namespaces },
      };
      writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
      const [program, ...options] = runtimeCommand(runtime);
      const words = ['--root', join(folder, 'state'), 'run', '--detach', '--bundle', folder];
      const file = join(folder, 'pid');
      const stdio = 'ignore';
      execFileSync(program, [...options, ...words, '--pid-file', file, id], { stdio });
      const pid = readFileSync(file, 'latin1');
      expect(existsSync(`/proc/${pid}`)).toBe(true);
      const names = await removedNames();
      expect(names).toEqual(expect.arrayContaining([id, folder]));
      expect(existsSync(folder)).toBe(false);
      await until('the end of the container', () => !existsSync(`/proc/${pid}`));
      expect(ran('find', '/sys/fs/cgroup', '-name', id)).toBe('');
    });
  });
});

describeWith(['root', 'containerd', 'busybox'], 'what is left behind in containerd', () => {
  it('is removed, in every namespace', { timeout: 60_000 }, async () => {
    const sockets = ['/run/containerd/containerd.sock', '/run/docker/containerd/containerd.sock'];
    const ctr = ['--address', sockets.find((socket) => existsSync(socket))!, '--namespace', 'callgate'];
    const root = undo.folder();
    mkdirSync(join(root, 'bin'));
    copyFileSync(BUSYBOX, join(root, 'bin/busybox'));
    const names = both('container');
    for (const name of names) {
      const words = ['run', '--detach', '--rootfs', root, name, '/bin/busybox', 'sleep', '600'];
      execFileSync('ctr', [...ctr, ...words], { stdio: 'ignore' });
      undo.defer(() => {
        spawnSync('ctr', [...ctr, 'tasks', 'rm', '--force', name]);
        spawnSync('ctr', [...ctr, 'containers', 'rm', name]);
      });
    }
    await removedNames();
    const left = ran('ctr', ...ctr, 'containers', 'ls', '--quiet') + ran('ctr', ...ctr, 'tasks', 'ls');
    expect(names.map((name) => left.includes(name))).toEqual([false, true]);
  });
});

describeWith(['root', 'tracefs'], 'what is left behind in the kernel', () => {
  it('cgroups of both versions with what lives in them, and tracing instances', {
    timeout: 60_000,
  }, async () => {
    const roots = ['/sys/fs/cgroup/unified', '/sys/fs/cgroup/pids', '/sys/fs/cgroup'];
    const parents = roots.filter((root) => existsSync(join(root, 'cgroup.procs')));
    const places = [...parents, '/sys/kernel/tracing/instances'].map((parent) => ({
      parent,
      names: both('cgroup'),
    }));
    const lives: number[] = [];
    for (const { parent, names } of places)
      for (const name of names) {
        const path = join(parent, name);
        mkdirSync(path);
        undo.defer(() => spawnSync('rmdir', [path]));
        if (!existsSync(join(path, 'cgroup.procs'))) continue;
        mkdirSync(join(path, 'inner'));
        undo.defer(() => spawnSync('rmdir', [join(path, 'inner')]));
        const child = spawn('sleep', ['600'], { stdio: 'ignore' });
        undo.defer(() => child.kill('SIGKILL') && new Promise((over) => child.on('exit', over)));
        writeFileSync(join(path, 'inner/cgroup.procs'), String(child.pid));
        lives.push(child.pid!);
      }
    await removedNames();
    for (const { parent, names } of places)
      expect(names.map((name) => existsSync(join(parent, name)))).toEqual([false, true]);
    const isDead = (pid: number) =>
      /^State:\s*Z/m.test(ran('cat', `/proc/${pid}/status`)) || !existsSync(`/proc/${pid}`);
    expect(lives.map(isDead)).toEqual(parents.flatMap(() => [true, false]));
  });
});

describe('what is left behind of files and processes', () => {
  it('goes, and what a live callgate, other users and links have stays', { timeout: 60_000 }, async () => {
    const folder = undo.folder();
    const precious = join(folder, 'precious');
    mkdirSync(precious);
    writeFileSync(join(precious, 'file'), '');
    const [gone, used] = both('oci').map((name) => join(tmpdir(), name));
    for (const path of [gone, used]) {
      mkdirSync(join(path, 'inner'), { recursive: true });
      symlinkSync(precious, join(path, 'inner/link'));
      undo.defer(() => rmSync(path, { recursive: true, force: true }));
    }
    const parts = both('part').map((name) => join(folder, `.web.json.abc.${name}`));
    for (const part of parts) writeFileSync(part, '');
    const foreign = join(folder, ownNameOfNobody('oci'));
    if (process.geteuid!() === 0) {
      mkdirSync(foreign);
      chownSync(foreign, 65534, 65534);
    }
    const worker = spawn('sh', ['-c', 'sleep 600; true', 'sh', gone], { stdio: 'ignore' });
    const other = spawn('sh', ['-c', 'sleep 600; true', 'sh', used], { stdio: 'ignore' });
    for (const child of [worker, other]) undo.defer(() => child.kill('SIGKILL'));
    expect(
      (await cleanMachine({ dryRun: true, folders: [folder] })).found.map(({ leaving }) => leaving.name),
    ).toEqual(expect.arrayContaining(['sh', gone, parts[0]]));
    expect(existsSync(gone)).toBe(true);
    await removedNames([folder]);
    expect([gone, used, ...parts].map((path) => existsSync(path))).toEqual([false, true, false, true]);
    expect(existsSync(join(precious, 'file'))).toBe(true);
    if (process.geteuid!() === 0) expect(existsSync(foreign)).toBe(true);
    expect([worker, other].map(({ signalCode }) => signalCode)).toEqual(['SIGKILL', null]);
  });

  describeWith(['root'], 'with something mounted in it', () => {
    it('leaves what is mounted as it is', async () => {
      const precious = mkdtempSync(join(tmpdir(), 'precious-'));
      undo.defer(() => rmSync(precious, { recursive: true }));
      writeFileSync(join(precious, 'file'), '');
      const gone = join(tmpdir(), ownNameOfNobody('container'));
      mkdirSync(join(gone, 'rootfs'), { recursive: true });
      execFileSync('mount', ['--bind', precious, join(gone, 'rootfs')]);
      expect(await removedNames()).toContain(gone);
      expect([gone, join(precious, 'file')].map((path) => existsSync(path))).toEqual([false, true]);
    });
  });
});
