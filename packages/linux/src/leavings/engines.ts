import { existsSync } from 'node:fs';
import { forgetOwnCgroups, OWN_NAMESPACE } from '../container/hosts/own-namespace.ts';
import { type Finder, type Leaving, type LeavingKind, type Sighting, together } from './leaving.ts';
import { haveDone, linesOf } from './lines-of.ts';
import { isLeftBehind, ownerOf } from './own-name.ts';

type Command = readonly [string, ...string[]];

/** An engine that keeps containers and images, and what is asked of it. */
interface Engine {
  /** As a leaving says where it is. */
  readonly name: string;
  readonly containers: Command;
  readonly images: Command;
  /** One after the other; only the last has to succeed. */
  removeContainer(name: string): readonly Command[];
  removeImage(name: string): Command;
  /** What is still there when a container was removed. */
  forget?(): void;
}

/** Where containerd listens: its own, and that which Docker starts. */
const CONTAINERD = ['/run/containerd/containerd.sock', '/run/docker/containerd/containerd.sock'];

/** Containers and images that an engine was asked for. */
export const engines: Finder = {
  id: 'engines',

  async find() {
    const { known, unseen } = await knownEngines();
    const seen = await Promise.all(known.map(thingsOf));
    return together([...seen, { leavings: [], unseen }]);
  },

  async remove({ kind, name, where }) {
    const { known } = await knownEngines();
    const engine = known.find((one) => one.name === where);
    if (!engine) throw new Error(`${where} cannot be asked any more`);
    if (kind === 'image') return haveDone(engine.removeImage(name));
    const commands = engine.removeContainer(name);
    for (const command of commands.slice(0, -1)) await haveDone(command).catch(() => {});
    await haveDone(commands.at(-1)!);
    engine.forget?.();
  },
};

async function knownEngines(): Promise<{ readonly known: Engine[]; readonly unseen: string[] }> {
  const unseen: string[] = [];
  const containerd = await Promise.all(
    containerdAddresses().map(async (address) => {
      try {
        const namespaces = await linesOf(['ctr', '--address', address, 'namespaces', 'ls', '--quiet']);
        return (namespaces ?? []).map((namespace) => ofContainerd(address, namespace));
      } catch (fault) {
        unseen.push(`containers of containerd at ${address}: ${(fault as Error).message}`);
        return [];
      }
    }),
  );
  return { known: [ofDocker('docker'), ofDocker('podman'), ...containerd.flat()], unseen };
}

function containerdAddresses(): string[] {
  const given = process.env.CONTAINERD_ADDRESS;
  return [...new Set([...(given ? [given] : []), ...CONTAINERD])].filter((address) => existsSync(address));
}

async function thingsOf(engine: Engine): Promise<Sighting> {
  return together(
    await Promise.all([
      thingsOfKind(engine, 'container', engine.containers),
      thingsOfKind(engine, 'image', engine.images),
    ]),
  );
}

async function thingsOfKind({ name: where }: Engine, kind: LeavingKind, ask: Command): Promise<Sighting> {
  try {
    const names = (await linesOf(ask)) ?? [];
    return { leavings: names.filter(isOurs).map((name): Leaving => ({ kind, name, where })), unseen: [] };
  } catch (fault) {
    return { leavings: [], unseen: [`${kind}s of ${where}: ${(fault as Error).message}`] };
  }
}

function isOurs(name: string): boolean {
  const owner = ownerOf(name);
  return owner !== undefined && isLeftBehind(owner);
}

function ofDocker(engine: 'docker' | 'podman'): Engine {
  return {
    name: engine,
    containers: [engine, 'ps', '--all', '--filter', 'name=callgate-', '--format', '{{.Names}}'],
    images: [engine, 'images', '--format', '{{.Repository}}:{{.Tag}}'],
    removeContainer: (name) => [[engine, 'rm', '--force', '--volumes', name]],
    removeImage: (name) => [engine, 'rmi', '--force', name],
  };
}

function ofContainerd(address: string, namespace: string): Engine {
  const ctr = ['ctr', '--address', address, '--namespace', namespace] as const;
  return {
    name: `containerd at ${address}, namespace ${namespace}`,
    containers: [...ctr, 'containers', 'ls', '--quiet'],
    images: [...ctr, 'images', 'ls', '--quiet'],
    removeContainer: (name) => [
      [...ctr, 'tasks', 'rm', '--force', name],
      [...ctr, 'snapshots', 'rm', name],
      [...ctr, 'containers', 'rm', name],
    ],
    removeImage: (name) => [...ctr, 'images', 'rm', '--sync', name],
    forget: namespace === OWN_NAMESPACE ? forgetOwnCgroups : undefined,
  };
}
