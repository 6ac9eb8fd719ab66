import { existsSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';

/** The namespace of containerd in which callgate's containers are whose image is in no other one. */
export const OWN_NAMESPACE = 'callgate';

const CGROUPS = '/sys/fs/cgroup';

/** containerd leaves the cgroup of a namespace when it removes the last container in it; the kernel keeps it where there are others. */
export function forgetOwnCgroups(): void {
  const hierarchies = existsSync(CGROUPS) ? readdirSync(CGROUPS) : [];
  for (const folder of [CGROUPS, ...hierarchies.map((name) => join(CGROUPS, name))])
    try {
      rmdirSync(join(folder, OWN_NAMESPACE));
    } catch {
      // There is none, or it is in use.
    }
}
