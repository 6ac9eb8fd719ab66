import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { CgroupContainer } from './cgroup-name.ts';

/** What an engine calls a container. */
export interface ContainerNames {
  readonly name?: string;
  readonly pod?: string;
  /** The pod's. */
  readonly namespace?: string;
}

const CONTAINERD_TASKS = '/run/containerd/io.containerd.runtime.v2.task';
const STORAGES = ['/var/lib/containers/storage', '/run/containers/storage'];
const LARGEST_FILE = 16 * 1024 * 1024;
const INSPECT_LIMIT_MS = 3000;

/** What its engine calls a container, by the files that it keeps of it, else by asking it; empty when it does not tell. */
export function namesOf({ engine, id }: CgroupContainer): ContainerNames {
  switch (engine) {
    case 'docker':
      return dockerNames(id) ?? inspected('docker', id);
    case 'podman':
      return podmanNames(id) ?? inspected('podman', id);
    case 'runc':
    case 'crun':
      return { name: id };
    default:
      return annotatedNames(id);
  }
}

function dockerNames(id: string): ContainerNames | undefined {
  const name = objectIn(`/var/lib/docker/containers/${id}/config.v2.json`)?.Name;
  return typeof name === 'string' ? { name: name.replace(/^\//, '') } : undefined;
}

function podmanNames(id: string): ContainerNames | undefined {
  for (const storage of STORAGES)
    for (const folder of foldersIn(storage).filter((one) => one.endsWith('-containers'))) {
      const all = jsonIn(join(storage, folder, 'containers.json'));
      const found = Array.isArray(all) ? all.find((one) => one?.id === id) : undefined;
      const name = found?.names?.[0];
      if (typeof name === 'string') return { name };
    }
  return undefined;
}

/** What the kubelet asked for stands in the annotations of the container's config.json. */
function annotatedNames(id: string): ContainerNames {
  const places = [
    ...foldersIn(CONTAINERD_TASKS).map((namespace) => join(CONTAINERD_TASKS, namespace, id)),
    ...STORAGES.flatMap((storage) =>
      foldersIn(storage)
        .filter((one) => one.endsWith('-containers'))
        .map((folder) => join(storage, folder, id, 'userdata')),
    ),
  ];
  for (const place of places) {
    const annotations = objectIn(join(place, 'config.json'))?.annotations;
    if (typeof annotations !== 'object' || annotations === null) continue;
    const first = (...keys: string[]) =>
      keys
        .map((key) => (annotations as Record<string, unknown>)[key])
        .find((text) => typeof text === 'string') as string | undefined;
    return {
      name: first('io.kubernetes.cri.container-name', 'io.kubernetes.container.name', 'nerdctl/name'),
      pod: first('io.kubernetes.cri.sandbox-name', 'io.kubernetes.pod.name'),
      namespace: first('io.kubernetes.cri.sandbox-namespace', 'io.kubernetes.pod.namespace'),
    };
  }
  return {};
}

/** For engines whose files are elsewhere. */
function inspected(engine: 'docker' | 'podman', id: string): ContainerNames {
  const { stdout, status } = spawnSync(
    engine,
    ['inspect', '--type', 'container', '--format', '{{.Name}}', id],
    { encoding: 'utf8', timeout: INSPECT_LIMIT_MS, stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const name = status === 0 ? stdout.trim().replace(/^\//, '') : '';
  return name === '' ? {} : { name };
}

function objectIn(file: string): Record<string, unknown> | undefined {
  const value = jsonIn(file);
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
}

function jsonIn(file: string) {
  try {
    return statSync(file).size > LARGEST_FILE ? undefined : JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

function foldersIn(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
