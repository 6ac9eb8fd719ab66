import { join } from 'node:path';
import { objectIn, objectOf } from './runtime-state.ts';

/** What a container's config.json says of it; texts are as whoever made the container wrote them. */
export interface Bundle {
  readonly annotations: Readonly<Record<string, string>>;
  /** The text of `linux.seccomp`; undefined where there is none. */
  readonly seccomp?: string;
}

/** The config.json of a bundle; undefined where it cannot be read. */
export function readBundle(folder: string | undefined): Bundle | undefined {
  const config = folder === undefined ? undefined : objectIn(join(folder, 'config.json'));
  if (!config) return undefined;
  const written = Object.entries(objectOf(config.annotations) ?? {});
  const annotations = Object.fromEntries(written.filter(([, value]) => typeof value === 'string'));
  const seccomp = objectOf(objectOf(config.linux)?.seccomp);
  return { annotations, ...(seccomp && { seccomp: JSON.stringify(seccomp) }) } as Bundle;
}

/** Who asked the runtime for it, as Podman (libpod) and CRI-O (cri-o) write it. */
export function managerOf(bundle: Bundle | undefined): 'podman' | 'crio' | undefined {
  const manager = bundle?.annotations['io.container.manager'];
  if (manager === 'libpod') return 'podman';
  if (manager === 'cri-o' || bundle?.annotations['io.kubernetes.cri-o.ContainerType'] !== undefined)
    return 'crio';
  return undefined;
}
