import { existsSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ownName } from '../../leavings/own-name.ts';
import {
  type ContainerHost,
  type ContainerPlan,
  ContainerRefused,
  type StartedContainer,
} from '../container-host.ts';
import { Attached } from './attached.ts';
import { lastWords, runClient } from './client.ts';
import { forgetOwnCgroups, OWN_NAMESPACE } from './own-namespace.ts';
import { profileFile } from './profile-file.ts';
import { givenOptions } from './run-options.ts';

/** Where containerd listens: its own service, or the one that dockerd starts. */
const SOCKETS = ['/run/containerd/containerd.sock', '/run/docker/containerd/containerd.sock'];
const START_TIME_LIMIT_MS = 60_000;
const GRACE_MS = 10_000;
const EVERY_MS = 50;

/** containerd by its own client, ctr. An image is taken from whichever namespace has it; a folder is a root file system. */
export const containerd: ContainerHost = {
  name: 'containerd',
  async unavailable() {
    const end = await runClient(['ctr', ...address(), 'version'], { timeLimitMs: 20_000 });
    if (end.status === 0) return undefined;
    return end.status === 127 ? 'ctr is not installed' : `containerd does not answer: ${lastWords(end)}`;
  },
  async start(plan) {
    const { image } = plan;
    if (image === undefined || image.startsWith('-')) throw new ContainerRefused('containerd needs an image');
    const isFolder = isAbsolute(image);
    const namespace = isFolder ? OWN_NAMESPACE : await namespaceOf(image);
    return startTask(['ctr', ...address(), '-n', namespace], image, isFolder, plan);
  },
};

function address(): string[] {
  const socket = process.env.CONTAINERD_ADDRESS ?? SOCKETS.find((path) => existsSync(path));
  return socket === undefined ? [] : ['-a', socket];
}

/** The namespace that has an image. */
async function namespaceOf(image: string): Promise<string> {
  const lines = async (args: readonly string[]) => {
    const { stdout } = await runClient(['ctr', ...address(), ...args]);
    return stdout.toString('utf8').split('\n').filter(Boolean);
  };
  const all = await lines(['namespaces', 'list', '-q']);
  for (const namespace of [OWN_NAMESPACE, ...all])
    if ((await lines(['-n', namespace, 'images', 'list', '-q'])).includes(image)) return namespace;
  throw new ContainerRefused(`containerd has no image ${image} in any namespace (ctr wants its whole name)`);
}

async function startTask(
  ctr: readonly [string, ...string[]],
  image: string,
  isFolder: boolean,
  plan: ContainerPlan,
): Promise<StartedContainer> {
  const name = ownName('container');
  const options = givenOptions(plan.options);
  const offered = (await runClient([...ctr, 'run', '--help'])).stdout.toString('utf8');
  if (plan.seccomp.kind === 'profile' && !offered.includes('--seccomp-profile'))
    throw new ContainerRefused('this ctr has no --seccomp-profile; a newer containerd has it');
  const profile = plan.seccomp.kind === 'profile' ? profileFile(plan.seccomp.text) : undefined;
  const command = plan.entrypoint === undefined ? plan.command : [plan.entrypoint, ...plan.command];
  const client = new Attached([
    ...ctr,
    'run',
    ...['--label', `callgate.owner=${name}`],
    ...(plan.seccomp.kind === 'unconfined' ? [] : ['--seccomp']),
    ...(profile ? ['--seccomp-profile', profile.path] : []),
    ...Object.entries(plan.files).flatMap(([inside, here]) => [
      '--mount',
      `type=bind,src=${here},dst=${inside},options=rbind:ro`,
    ]),
    // ctr asks for shares of the CPU by itself, which cgroups without that controller refuse.
    ...(offered.includes('--cpu-shares') ? ['--cpu-shares', '0'] : []),
    ...options,
    ...(isFolder ? ['--rootfs'] : []),
    image,
    name,
    ...command,
  ]);
  const container = task(ctr, name, client, () => profile?.remove());
  try {
    await begun(container, client);
    return container;
  } catch (fault) {
    await container.remove();
    throw fault;
  }
}

/** Resolves as soon as its process is there, or has been; throws when containerd did not start it. */
async function begun(container: StartedContainer, client: Attached): Promise<void> {
  const until = performance.now() + START_TIME_LIMIT_MS;
  while (performance.now() < until) {
    if ((await container.pid()) !== undefined) return;
    if (await client.within(EVERY_MS)) {
      const said = client.output().stderr.toString('utf8').trim().split('\n').at(-1) ?? '';
      if (said.startsWith('ctr: ')) throw new ContainerRefused(said.slice(0, 500));
      return;
    }
  }
  throw new ContainerRefused('containerd did not start it within a minute');
}

function task(
  ctr: readonly [string, ...string[]],
  name: string,
  client: Attached,
  forget: () => void,
): StartedContainer {
  let executed = 0;
  const ask = (...args: string[]) => runClient([...ctr, ...args]);
  const signal = (which: string) => ask('tasks', 'kill', '-s', which, name);
  return {
    id: name,
    async pid() {
      const { stdout } = await ask('tasks', 'list');
      const row = stdout
        .toString('utf8')
        .split('\n')
        .map((line) => line.split(/\s+/))
        .find(([id]) => id === name);
      return row?.[2] === 'RUNNING' ? Number(row[1]) : undefined;
    },
    exec(command, timeLimitMs) {
      executed += 1;
      const id = `exec-${executed}`;
      return runClient([...ctr, 'tasks', 'exec', '--exec-id', id, name, ...command], { timeLimitMs });
    },
    ended: (timeLimitMs) => client.ended(timeLimitMs),
    output: async () => client.output(),
    async stop() {
      await signal('SIGTERM');
      if (!(await client.within(GRACE_MS))) await signal('SIGKILL');
      await client.within(GRACE_MS);
    },
    async remove() {
      if (client.status === undefined) await signal('SIGKILL');
      if (!(await client.within(GRACE_MS))) client.kill();
      await ask('tasks', 'delete', '-f', name);
      for (let i = 0; i < 20; i++) {
        const end = await ask('containers', 'delete', name);
        if (end.status === 0 || /not found/.test(lastWords(end))) break;
        await sleep(EVERY_MS);
      }
      forgetOwnCgroups();
      forget();
    },
  };
}
