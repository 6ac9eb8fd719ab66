import { join } from 'node:path';
import { startDaemon } from './daemon.ts';
import { answerOf, type Engine, runtimeOf } from './engine.ts';
import { engineHost } from './engine-host.ts';

/** Docker, without a network and without rules for one. */
export const docker: Engine = {
  area: 'docker',
  programs: ['dockerd', 'docker', 'runc'],
  async open(root, folder) {
    const flags = ['--iptables=false', '--ip6tables=false', '--bridge=none'];
    const stop = await startDaemon('dockerd', flags, join(folder, 'dockerd.log'), ['docker', 'version']);
    return {
      ...engineHost({ client: 'docker', global: [], run: ['--network=none'] }, root, folder),
      release: answerOf('docker', [
        'version',
        '--format',
        '{{.Server.Version}} (API {{.Server.APIVersion}})',
      ]),
      runtime: runtimeOf('runc'),
      whyNoHooks: 'Docker starts no OCI hooks of its users',
      close: stop,
    };
  },
};
