import { join } from 'node:path';
import { writeBundle } from './bundle.ts';
import { startDaemon } from './daemon.ts';
import { answerOf, type Engine, newName, type Plan, ran, runtimeOf } from './engine.ts';

const SOCKET = '/run/callgate-contract/containerd.sock';
const CTR = ['--address', SOCKET, '--namespace', 'contract'];

/** containerd by its own command line, which takes the config.json of a container as Kubernetes would make it. */
export const containerd: Engine = {
  area: 'containerd',
  programs: ['containerd', 'ctr', 'runc'],
  async open(root, folder) {
    const folders = ['--root', join(folder, 'root'), '--state', '/run/callgate-contract/state'];
    const log = join(folder, 'containerd.log');
    const question = ['ctr', ...CTR, 'version'] as const;
    // For callgate, which finds it by this as ctr does.
    process.env.CONTAINERD_ADDRESS = SOCKET;
    const stop = await startDaemon('containerd', ['--address', SOCKET, ...folders], log, [...question]);

    const args = (name: string, plan: Plan, option: string) => {
      const config = join(writeBundle(plan, root, folder), 'config.json');
      return [...CTR, 'run', option, '--config', config, name];
    };
    const start = (name: string, plan: Plan) => answerOf('ctr', args(name, plan, '--detach'));
    return {
      release: /Server:\s+Version:\s+(\S+)/.exec(answerOf('ctr', [...CTR, 'version']))?.[1] ?? 'unknown',
      runtime: runtimeOf('runc'),
      run: (plan) => ran('ctr', args(newName(), plan, '--rm')),
      start(plan) {
        const name = newName();
        start(name, plan);
        const tasks = answerOf('ctr', [...CTR, 'tasks', 'list']);
        return { name, pid: Number(new RegExp(`^${name}\\s+(\\d+)`, 'm').exec(tasks)?.[1]) };
      },
      prepare(plan) {
        const name = newName();
        const target = ['--container', `containerd:${name}`, '--wait'];
        return { name, target, ready: /waiting/, begin: () => start(name, plan) };
      },
      remove(name) {
        ran('ctr', [...CTR, 'tasks', 'delete', '--force', name]);
        ran('ctr', [...CTR, 'containers', 'delete', name]);
      },
      close: stop,
    };
  },
};
