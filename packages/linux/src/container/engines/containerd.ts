import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readSmallFile } from '../../files/read-file.ts';
import { isAlive } from '../../process/processes.ts';
import { type Bundle, readBundle } from '../bundle.ts';
import { type ContainerEngine, type KnownContainer, meantContainer } from '../container-engine.ts';
import { namesIn, type StatedContainer, statedContainer } from '../runtime-state.ts';
import { knownFrom, stateEngine } from '../state-engine.ts';

/** Where runc and crun keep containers that containerd starts, by itself and for Docker: a folder a namespace. */
const STATES = ['/run/containerd/runc', '/run/docker/runtime-runc'];
/** Where containerd keeps its tasks, by itself and as dockerd starts it: a folder a namespace. */
const TASKS = ['/run/containerd', '/run/docker/containerd/daemon'].map((folder) =>
  join(folder, 'io.containerd.runtime.v2.task'),
);

/** containerd, by what it and its runtimes keep of what was started; asks nobody, so it is quick. */
export const containerd: ContainerEngine = {
  ...stateEngine('containerd', containers, { titleOf, folders: () => TASKS.slice(0, 1) }),
  // The state of one container is read without that of all others.
  async find(reference) {
    const [namespace, id] = namespaceOf(reference);
    return meantContainer(containers(namespace), id, titleOf);
  },
};

function titleOf({ namespace, name }: KnownContainer): string {
  return `${namespace}/${name}`;
}

/** NAMESPACE/NAME, where there is such a namespace; a name may have a slash, too. */
function namespaceOf(reference: string): [namespace: string | undefined, name: string] {
  const at = reference.indexOf('/');
  const first = reference.slice(0, at);
  const isKnown = at > 0 && namespaces().includes(first);
  return isKnown ? [first, reference.slice(at + 1)] : [undefined, reference];
}

function namespaces(): string[] {
  return [...new Set([...TASKS, ...STATES].flatMap(namesIn))];
}

function containers(only?: string): KnownContainer[] {
  return (only === undefined ? namespaces() : [only]).flatMap((namespace) => {
    const ids = [...TASKS, ...STATES].flatMap((folder) => namesIn(join(folder, namespace)));
    return [...new Set(ids)].flatMap((id) => containerIn(namespace, id) ?? []);
  });
}

function containerIn(namespace: string, id: string): KnownContainer | undefined {
  const task = TASKS.map((folder) => join(folder, namespace, id)).find((folder) => existsSync(folder));
  const stated =
    STATES.map((folder) => statedContainer(join(folder, namespace), id)).find((s) => s !== undefined) ??
    (task === undefined ? undefined : startedTask(task, id));
  if (!stated) return undefined;
  const bundle = readBundle(task ?? stated.bundle);
  return {
    ...knownFrom(stated as StatedContainer, bundle),
    engine: 'containerd',
    namespace,
    ...namesOf(id, bundle),
  };
}

/** A task of a runtime that keeps its state elsewhere. */
function startedTask(folder: string, id: string): Omit<StatedContainer, 'runtime'> | undefined {
  const text = readSmallFile(join(folder, 'init.pid'), 32)?.toString().trim() ?? '';
  if (!/^[1-9]\d{0,9}$/.test(text)) return undefined;
  const pid = Number(text);
  return { id, ...(isAlive(pid) ? { state: 'running', pid } : { state: 'stopped' }) };
}

/** What nerdctl and the kubelet call it. */
function namesOf(id: string, bundle: Bundle | undefined): Pick<KnownContainer, 'name' | 'aliases' | 'image'> {
  const said = bundle?.annotations ?? {};
  const own = said['nerdctl/name'] ?? said['io.kubernetes.cri.container-name'];
  const pod = said['io.kubernetes.cri.sandbox-name'];
  const isSandbox = said['io.kubernetes.cri.container-type'] === 'sandbox';
  const image = said['io.kubernetes.cri.image-name'];
  const name = pod && (own || isSandbox) ? `${pod}/${own ?? 'pause'}` : own;
  return { name: name ?? id, aliases: own ? [own] : [], ...(image !== undefined && { image }) };
}
