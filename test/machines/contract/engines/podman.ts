import { answerOf, type Engine, type Runtime, runtimeOf } from './engine.ts';
import { engineHost } from './engine-host.ts';

/** Podman as root, with whichever runtime it takes by itself. */
export const podman: Engine = {
  area: 'podman',
  programs: ['podman'],
  async open(root, folder) {
    // Nothing of systemd is there.
    const global = ['--cgroup-manager=cgroupfs', '--events-backend=file'];
    // A process may not raise its limits everywhere.
    const limits = ['--pids-limit=0', '--ulimit=nofile=1024:1024', '--ulimit=nproc=1000:1000'];
    const run = ['--network=none', '--log-driver=k8s-file', ...limits];
    const runtime = answerOf('podman', [...global, 'info', '--format', '{{.Host.OCIRuntime.Name}}']);
    const hasHooks = answerOf('podman', ['--help']).includes('--hooks-dir');
    return {
      ...engineHost({ client: 'podman', global, run }, root, folder),
      release: answerOf('podman', ['version', '--format', '{{.Version}}']),
      runtime: runtimeOf(runtime as Runtime['name']),
      ...(hasHooks ? {} : { whyNoHooks: 'this Podman has no --hooks-dir' }),
      async close() {},
    };
  },
};
