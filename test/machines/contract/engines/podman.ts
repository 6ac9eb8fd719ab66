import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { answerOf, type Engine, type Runtime, ran, runtimeOf } from './engine.ts';
import { engineHost } from './engine-host.ts';

/** A process may not raise its limits everywhere. */
const LIMITS = ['--pids-limit=0', '--ulimit=nofile=1024:1024', '--ulimit=nproc=1000:1000'];
const RUN = ['--network=none', '--log-driver=k8s-file', ...LIMITS];
/** Nothing of systemd is there. */
const GLOBAL = ['--cgroup-manager=cgroupfs', '--events-backend=file'];

/** Podman as root, with the runtime that it takes by itself where that can start containers. */
export const podman: Engine = {
  area: 'podman',
  programs: ['podman'],
  async open(root, folder) {
    const asRoot = ['run', ...RUN, '--rm', '--rootfs', root, '/bin/busybox', 'true'];
    // crun 1.8 raises a limit for the devices of cgroup v2, which not every root may.
    if (ran('podman', [...GLOBAL, ...asRoot]).status !== 0) takeRunc(folder);
    const runtime = answerOf('podman', [...GLOBAL, 'info', '--format', '{{.Host.OCIRuntime.Name}}']);
    const hasHooks = answerOf('podman', ['--help']).includes('--hooks-dir');
    return {
      ...engineHost({ client: 'podman', global: GLOBAL, run: RUN }, root, folder),
      release: answerOf('podman', ['version', '--format', '{{.Version}}']),
      runtime: runtimeOf(runtime as Runtime['name']),
      ...(hasHooks ? {} : { whyNoHooks: 'this Podman has no --hooks-dir' }),
      async close() {
        delete process.env.CONTAINERS_CONF;
      },
    };
  },
};

/** Whoever calls Podman from here on gets runc, as where an administrator has chosen it. */
function takeRunc(folder: string): void {
  const file = join(folder, 'containers.conf');
  writeFileSync(file, '[engine]\nruntime = "runc"\n');
  process.env.CONTAINERS_CONF = file;
}
