import { join } from 'node:path';
import { answerOf, type Host, newName, type Plan, ran } from './engine.ts';

/** The image of the root file system. */
export const IMAGE = 'callgate-contract';

/** Docker's command line, which Podman has too. */
interface Client {
  readonly client: 'docker' | 'podman';
  /** Options before every verb. */
  readonly global: readonly string[];
  /** Options of every `run`. */
  readonly run: readonly string[];
}

/** Containers of an image that is made of a root file system, without any registry. */
export function engineHost(
  { client, global, run }: Client,
  root: string,
  folder: string,
): Omit<Host, 'release' | 'runtime' | 'close'> {
  const archive = join(folder, 'image.tar');
  answerOf('tar', ['-C', root, '-cf', archive, '.']);
  answerOf(client, [...global, 'import', archive, IMAGE]);

  const args = (name: string, plan: Plan, ...options: string[]) => [
    ...global,
    ...(plan.hook ? ['--hooks-dir', plan.hook.folder] : []),
    ...['run', '--name', name, ...run, ...options],
    ...(plan.profile ? ['--security-opt', `seccomp=${plan.profile}`] : []),
    ...(plan.unconfined ? ['--security-opt', 'seccomp=unconfined'] : []),
    ...(plan.noNewPrivs ? ['--security-opt', 'no-new-privileges'] : []),
    ...(plan.hook ? ['--annotation', plan.hook.annotation.join('=')] : []),
    IMAGE,
    ...plan.command,
  ];
  const start = (name: string, plan: Plan) => answerOf(client, args(name, plan, '--detach'));
  const remove = (name: string) => void ran(client, [...global, 'rm', '--force', name]);
  return {
    run(plan) {
      const name = newName();
      try {
        const begun = ran(client, args(name, plan, '--detach'));
        if (begun.status !== 0) return { ...begun, stdout: '' };
        const status = Number(answerOf(client, [...global, 'wait', name]));
        return { ...ran(client, [...global, 'logs', name]), status };
      } finally {
        remove(name);
      }
    },
    start(plan) {
      const name = newName();
      start(name, plan);
      const pid = Number(answerOf(client, [...global, 'inspect', '--format', '{{.State.Pid}}', name]));
      return { name, pid };
    },
    prepare(plan) {
      const name = newName();
      const target = ['--container', `${client}:${name}`, '--wait'];
      return { name, target, ready: /waiting/, begin: () => start(name, plan) };
    },
    remove,
  };
}
