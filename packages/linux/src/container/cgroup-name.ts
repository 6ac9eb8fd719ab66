import { existsSync } from 'node:fs';

/** A container as the cgroup of its processes names it. */
export interface CgroupContainer {
  /** docker, podman, containerd, crio, nerdctl, runc, crun; "cri" where the kubelet's names do not tell. */
  readonly engine: string;
  readonly id: string;
}

const ID = '[0-9a-f]{64}';
/** Folders of a cgroup path that engines name, with either cgroup driver; the first that fits decides. */
const NAMES: readonly (readonly [engine: string, pattern: RegExp])[] = [
  ['docker', new RegExp(`/docker[-/](${ID})(?:\\.scope)?(?:/|$)`)],
  ['podman', new RegExp(`/libpod-(?:payload-)?(${ID})(?:\\.scope)?(?:/|$)`)],
  ['containerd', new RegExp(`[/:]cri-containerd[-:](${ID})(?:\\.scope)?(?:/|$)`)],
  ['crio', new RegExp(`/crio-(${ID})(?:\\.scope)?(?:/|$)`)],
  ['containerd', new RegExp(`/nerdctl-(${ID})(?:\\.scope)?(?:/|$)`)],
  ['cri', new RegExp(`/kubepods[^/]*(?:/[^/]+)*?/(${ID})(?:/|$)`)],
  ['cri', new RegExp(`/pod[0-9a-f-]{36}/(${ID})(?:/|$)`)],
  ['containerd', new RegExp(`^/[\\w.-]+/(${ID})(?:/|$)`)],
];
/** Runtimes that run without an engine name the folder after the container. */
const RUNTIMES = [
  ['runc', '/run/runc'],
  ['crun', '/run/crun'],
] as const;
const LONGEST_PATH = 4096;

/** The container that the text of /proc/PID/cgroup names; undefined for processes of the machine itself. */
export function containerInCgroup(text: string): CgroupContainer | undefined {
  const paths = [
    ...new Set(text.split('\n').map((line) => line.slice(0, LONGEST_PATH).split(':').slice(2).join(':'))),
  ];
  for (const path of paths)
    for (const [engine, pattern] of NAMES) {
      const id = pattern.exec(path)?.[1];
      if (id) return { engine, id };
    }
  for (const path of paths) {
    const id = /([\w.+-]+)$/.exec(path)?.[1]?.replace(/^(?:runc|crun)-(.+)\.scope$/, '$1');
    const runtime =
      id && RUNTIMES.find(([, folder]) => id !== '.' && id !== '..' && existsSync(`${folder}/${id}`));
    if (runtime) return { engine: runtime[0], id };
  }
  return undefined;
}

/** The systemd unit that a cgroup belongs to, such as nginx.service; undefined for none. */
export function unitInCgroup(text: string): string | undefined {
  return /\/([\w@:.\\-]{1,200}\.service)(?:\/|$)/m.exec(text)?.[1];
}
