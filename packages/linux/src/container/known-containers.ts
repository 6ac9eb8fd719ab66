import {
  type ContainerEngine,
  ENGINES,
  EngineFault,
  type EngineName,
  type KnownContainer,
} from './container-engine.ts';
import { containerd } from './engines/containerd.ts';
import { crio } from './engines/crio.ts';
import { crun } from './engines/crun.ts';
import { docker } from './engines/docker.ts';
import { podman } from './engines/podman.ts';
import { runc } from './engines/runc.ts';

const ALL: Readonly<Record<EngineName, ContainerEngine>> = { docker, podman, crio, containerd, crun, runc };

export function engineNamed(name: EngineName): ContainerEngine {
  return ALL[name];
}

/** What all engines know, and what those said that answered with an error. */
export interface KnownContainers {
  readonly containers: readonly KnownContainer[];
  readonly faults: readonly { readonly engine: EngineName; readonly message: string }[];
}

/** Every container of this machine once, under its outermost engine. */
export async function knownContainers(): Promise<KnownContainers> {
  const faults: { engine: EngineName; message: string }[] = [];
  const lists = await Promise.all(
    ENGINES.map((name) =>
      ALL[name].list().catch((fault: unknown): readonly KnownContainer[] => {
        if (!(fault instanceof EngineFault)) throw fault;
        faults.push({ engine: name, message: fault.message });
        return [];
      }),
    ),
  );
  return { containers: outermost(lists.flat()), faults };
}

/** The first of those that are one container: with one id that nobody gives twice, or one first process. */
function outermost(all: readonly KnownContainer[]): KnownContainer[] {
  const seen = new Set<string | number>();
  return all.filter(({ id, pid }) => {
    const keys = [...(/^[0-9a-f]{64}$/.test(id) ? [id] : []), ...(pid === undefined ? [] : [pid])];
    const isKnown = keys.some((key) => seen.has(key));
    for (const key of keys) seen.add(key);
    return !isKnown;
  });
}
