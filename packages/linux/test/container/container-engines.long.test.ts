import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type ContainerEngine,
  ENGINES,
  EngineFault,
  type EngineName,
} from '@callgate/linux/internal/container/container-engine';
import { engineNamed, knownContainers } from '@callgate/linux/internal/container/known-containers';
import { Undo } from '@callgate/testing/recorded';
import { describeWith, type Requirement } from '@callgate/testing/requirements';
import { bundleHost, containerdHost, engineHost, type Host, makeRoot } from '@callgate/testing/served';
import { afterEach, expect, it } from 'vitest';

interface Row {
  readonly needs: readonly Requirement[];
  host(undo: Undo, root: string): Host;
  /** Annotations that make a container of a runtime one of this engine. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** What it calls a container. */
  titleOf?(name: string): string;
}

const CONTRACT: Readonly<Record<EngineName, Row>> = {
  docker: { needs: ['root', 'docker', 'busybox'], host: (undo, root) => engineHost(undo, 'docker', root) },
  podman: { needs: ['root', 'podman', 'busybox'], host: (undo, root) => engineHost(undo, 'podman', root) },
  containerd: { needs: ['root', 'containerd', 'busybox'], host: (_, root) => containerdHost(root) },
  runc: { needs: ['root', 'runc', 'busybox'], host: (_, root) => bundleHost('runc', root) },
  crun: { needs: ['root', 'crun', 'busybox'], host: (_, root) => bundleHost('crun', root) },
  // CRI-O's containers are those of a runtime, by their annotations.
  crio: {
    needs: ['root', 'runc', 'busybox'],
    host: (_, root) => bundleHost('runc', root),
    annotations: {
      'io.container.manager': 'cri-o',
      'io.kubernetes.cri-o.ContainerType': 'container',
      'io.kubernetes.pod.name': 'web-0',
      'io.kubernetes.container.name': 'app',
      'io.kubernetes.cri-o.ImageName': 'registry.example.com/app:1',
    },
    titleOf: () => 'web-0/app',
  },
};

const SLEEP = ['/bin/busybox', 'sleep', '600'];
const DENY_MKDIR = {
  defaultAction: 'SCMP_ACT_ALLOW',
  syscalls: [{ names: ['mkdir'], action: 'SCMP_ACT_ERRNO' }],
};

const undo = new Undo();
afterEach(() => undo.run());

it('has a row for every engine', () => {
  expect(Object.keys(CONTRACT).sort()).toEqual([...ENGINES].sort());
});

for (const [name, { needs, host: hostOf, annotations, titleOf = (n: string) => n }] of Object.entries(
  CONTRACT,
))
  describeWith(needs, name, () => {
    const engine: ContainerEngine = engineNamed(name as EngineName);
    const started = () => {
      const host = hostOf(undo, makeRoot(undo));
      const container = host.newName();
      const seccomp = join(undo.folder(), 'deny-mkdir.json');
      writeFileSync(seccomp, JSON.stringify(DENY_MKDIR));
      host.start(undo, container, { command: SLEEP, seccomp, annotations });
      return { host, container, pid: host.pid(container) };
    };

    it('lists a container, says that it runs, and finds it by name and by id', async () => {
      const { container, pid } = started();
      const own = (await engine.list()).filter((c) => c.pid === pid);
      expect(own).toMatchObject([{ engine: name, name: titleOf(container), state: 'running', pid }]);
      const [{ id }] = own;
      for (const reference of [titleOf(container), id])
        expect(await engine.find(reference)).toMatchObject({ id, pid });
      if (/^[0-9a-f]{64}$/.test(id)) expect(await engine.find(id.slice(0, 12))).toMatchObject({ id });
    });

    it('knows which profile it was given', async () => {
      const { container } = started();
      const found = await engine.find(titleOf(container));
      expect(JSON.parse(found!.given!)).toMatchObject({ syscalls: [{ names: ['mkdir'] }] });
    });

    it('is the only one under which the container is listed', async () => {
      const { pid } = started();
      const { containers, faults } = await knownContainers();
      expect(faults).toEqual([]);
      expect(containers.filter((c) => c.pid === pid).map((c) => c.engine)).toEqual([name]);
    });

    it('says of one that has ended that it does not run', async () => {
      const { host, container, pid } = started();
      await host.stop(container);
      await expect.poll(async () => (await engine.find(titleOf(container)))?.pid).toBeUndefined();
      const left = (await engine.list()).filter((c) => c.name === titleOf(container));
      for (const one of left) expect(one.pid).toBeUndefined();
      expect((await engine.list()).some((c) => c.pid === pid)).toBe(false);
    });

    it('finds nothing under a name that nothing has', async () => {
      expect(await engine.find('callgate-no-such-container')).toBeUndefined();
    });
  });

// For others there are folders that they may not read, which is told.
describeWith(['root'], 'for root', () => {
  it('is no fault that an engine is not installed', async () => {
    const path = process.env.PATH;
    process.env.PATH = '/nowhere';
    try {
      for (const name of ENGINES)
        expect(
          await engineNamed(name)
            .list()
            .catch((f) => f),
        ).not.toBeInstanceOf(EngineFault);
    } finally {
      process.env.PATH = path;
    }
  });
});
