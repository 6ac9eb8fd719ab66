import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CONTAINER_HOSTS,
  type ContainerHostName,
  type ContainerPlan,
  ContainerRefused,
  type StartedContainer,
} from '@callgate/linux/internal/container/container-host';
import { runClient } from '@callgate/linux/internal/container/hosts/client';
import { containerHost } from '@callgate/linux/internal/container/hosts/hosts';
import { processStatus } from '@callgate/linux/internal/process/processes';
import { BUSYBOX, Containers } from '@callgate/testing/containers';
import { describeWith, type Requirement } from '@callgate/testing/requirements';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';

const NO_MKDIR = JSON.stringify({
  defaultAction: 'SCMP_ACT_ALLOW',
  architectures: ['SCMP_ARCH_X86_64'],
  syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO' }],
});
const NOTHING = JSON.stringify({ defaultAction: 'SCMP_ACT_ERRNO', syscalls: [] });
const SHELL = [BUSYBOX, 'sh', '-c'] as const;
const NEEDS: Readonly<Record<ContainerHostName, readonly Requirement[]>> = {
  host: ['busybox'],
  docker: ['docker', 'busybox'],
  podman: ['podman', 'busybox'],
  containerd: ['containerd', 'busybox', 'root'],
  runc: ['runc', 'busybox', 'root'],
  crun: ['crun', 'busybox', 'root'],
};

describeWith(['root'], 'the hosts of containers', () => {
  it('are all there', () => {
    expect(CONTAINER_HOSTS.map((name) => containerHost(name).name)).toEqual([...CONTAINER_HOSTS]);
  });
});

for (const name of CONTAINER_HOSTS)
  describeWith(NEEDS[name], `${name} starts containers`, () => {
    const host = containerHost(name);
    const root = mkdtempSync(join(tmpdir(), 'callgate-host-root-'));
    const images = name === 'docker' || name === 'podman' ? new Containers(name) : undefined;
    let started: StartedContainer[] = [];
    let image: string | undefined;

    beforeAll(() => {
      mkdirSync(join(root, 'bin'));
      copyFileSync(BUSYBOX, join(root, 'bin/busybox'));
      images?.create();
      image = name === 'host' ? undefined : (images?.imageName ?? root);
    });
    afterAll(() => {
      images?.remove();
      rmSync(root, { recursive: true, force: true });
    });
    afterEach(async () => {
      for (const container of started) await container.remove();
      started = [];
    });

    const start = async (command: readonly string[], more: Partial<ContainerPlan> = {}) => {
      const options = images ? ['--network', 'none'] : [];
      const plan = { image, options, command, seccomp: { kind: 'default' }, files: {}, ...more } as const;
      const container = await host.start(plan);
      started.push(container);
      return container;
    };

    it('can be used', async () => {
      expect(await host.unavailable()).toBeUndefined();
    });

    it('tells how it ends and what it writes, each stream by itself', async () => {
      const container = await start([...SHELL, 'echo out; echo err >&2; exit 3']);
      const end = await container.ended(20_000);
      expect([end?.status, String(end?.stdout), String(end?.stderr)]).toEqual([3, 'out\n', 'err\n']);
      expect(await container.pid()).toBeUndefined();
    });

    it('runs commands inside, under its profile, and is there until it is stopped', async () => {
      const container = await start([...SHELL, 'trap "exit 9" TERM; while :; do sleep 0.1; done'], {
        seccomp: { kind: 'profile', text: NO_MKDIR },
      });
      const pid = await container.pid();
      expect(processStatus(pid!).seccomp).toBe(2);
      expect(await container.ended(200)).toBeUndefined();
      const folder = join('/tmp', `callgate-contract-${process.pid}`);
      const made = await container.exec([BUSYBOX, 'mkdir', '-p', folder], 20_000);
      expect([made.status, existsSync(folder)]).toEqual([1, false]);
      expect(String(made.stderr)).toContain('Operation not permitted');
      expect((await container.exec([...SHELL, 'exit 5'], 20_000)).status).toBe(5);
      await container.stop();
      expect((await container.ended(20_000))?.status).toBe(9);
    });

    it('does not wait for a command longer than it is told to', async () => {
      const container = await start([BUSYBOX, 'sleep', '100']);
      const begun = performance.now();
      expect(await container.exec([BUSYBOX, 'sleep', '50'], 700)).toMatchObject({ status: 137, isCut: true });
      expect(performance.now() - begun).toBeLessThan(20_000);
    });

    // runc itself waits until nobody writes any more.
    if (name !== 'runc')
      it('does not wait for what a command leaves behind', async () => {
        const container = await start([BUSYBOX, 'sleep', '100']);
        const end = await container.exec([...SHELL, `${BUSYBOX} sleep 8 & echo said; exit 4`], 6000);
        expect([end.status, end.isCut, String(end.stdout)]).toEqual([4, undefined, 'said\n']);
      });

    it('says in the words of the engine why nothing starts', async () => {
      await expect(start([BUSYBOX, 'true'], { seccomp: { kind: 'profile', text: NOTHING } })).rejects.toThrow(
        ContainerRefused,
      );
      await expect(start(['/no/such/program'])).rejects.toThrow(ContainerRefused);
    });

    if (name === 'runc' || name === 'crun')
      it('starts nothing in a folder that is none', async () => {
        await expect(start([BUSYBOX, 'true'], { image: '/no/such/folder' })).rejects.toThrow(
          ContainerRefused,
        );
      });

    it('starts without a filter where that is wanted', async () => {
      const container = await start([BUSYBOX, 'sleep', '100'], { seccomp: { kind: 'unconfined' } });
      expect(processStatus((await container.pid())!).seccomp).toBe(0);
    });

    it('refuses a seccomp option of somebody else', async () => {
      const options = ['--security-opt', 'seccomp=unconfined'];
      await expect(start([BUSYBOX, 'true'], { options })).rejects.toThrow(/leave it out|takes no options/);
    });

    it('lets it see a file, and starts that as its entry point in an image without a shell', async () => {
      const here = join(root, 'busybox');
      copyFileSync(BUSYBOX, here);
      const container = await start(['echo', 'from a file'], {
        entrypoint: '/own/busybox',
        files: { '/own/busybox': here },
      });
      const end = await container.ended(20_000);
      expect([end?.status, String(end?.stdout)]).toEqual([0, 'from a file\n']);
    });

    // On the host it is the file itself.
    if (name !== 'host')
      it('lets nobody write that file, or into the folder of the image', async () => {
        const here = join(root, 'read-only');
        writeFileSync(here, 'as it was');
        const script = 'echo no >/seen; cat /seen; echo x >/made';
        const container = await start([...SHELL, script], { files: { '/seen': here } });
        const end = await container.ended(20_000);
        expect(String(end?.stdout)).toBe('as it was');
        expect(String(end?.stderr)).toMatch(/Read-only|read-only/);
        await container.remove();
        if (name === 'runc' || name === 'crun') expect(existsSync(join(root, 'made'))).toBe(false);
      });

    it('leaves nothing, also when it is removed twice or while it runs', async () => {
      const before = ownThings();
      const container = await start([BUSYBOX, 'sleep', '100'], {
        seccomp: { kind: 'profile', text: NO_MKDIR },
      });
      const pid = (await container.pid())!;
      await container.remove();
      await container.remove();
      expect(existsSync(`/proc/${pid}`)).toBe(false);
      expect(ownThings()).toEqual(before);
      if (images) {
        const { stdout } = await runClient([name, 'ps', '-a', '--format', '{{.Names}}']);
        expect(String(stdout)).not.toContain(`callgate-${process.pid}-`);
      }
    });
  });

/** Folders that this process has made by its name. */
function ownThings(): string[] {
  return readdirSync(tmpdir()).filter((file) => file.startsWith(`callgate-${process.pid}-`));
}
