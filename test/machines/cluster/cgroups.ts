import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NotHere } from '../machine.ts';
import { CGROUP, NODES } from './places.ts';
import { until } from './until.ts';

const KILL_MS = 20_000;

interface Hierarchies {
  /** Where the kernel kills a whole cgroup at once. */
  readonly v2: string;
  /** Those that limit pods. */
  readonly v1: readonly string[];
}

/** Whether a cluster is up, or was not taken down whole. */
export function cgroupsExist(): boolean {
  return existsSync(join(hierarchies().v2, CGROUP));
}

/** Makes the cgroups of the cluster. */
export function makeCgroups(): void {
  const { v1, v2 } = hierarchies();
  if (v1.length === 0)
    throw new NotHere('pods need the hierarchies of cgroup v1: cgroup v2 alone is not tried yet');
  mkdirSync(join(v2, CGROUP));
  for (const hierarchy of v1) {
    mkdirSync(join(hierarchy, CGROUP), { recursive: true });
    for (const { name } of NODES) mkdirSync(join(hierarchy, CGROUP, name), { recursive: true });
  }
  // A cpuset takes no process before it is told where that may run.
  const cpuset = v1.find((hierarchy) => existsSync(join(hierarchy, 'cpuset.cpus')));
  if (cpuset)
    for (const path of [CGROUP, ...NODES.map(({ name }) => join(CGROUP, name))])
      for (const file of ['cpuset.cpus', 'cpuset.mems'])
        writeFileSync(join(cpuset, path, file), readFileSync(join(cpuset, file)));
}

/** A process that writes its id here belongs to the cluster, with all that it starts. */
export function membersFile(): string {
  return join(hierarchies().v2, CGROUP, 'cgroup.procs');
}

/** Ends every process of the cluster, and takes its cgroups away. */
export async function removeCgroups(): Promise<void> {
  const { v1, v2 } = hierarchies();
  const own = join(v2, CGROUP);
  const kill = () => {
    if (existsSync(own)) writeFileSync(join(own, 'cgroup.kill'), '1');
  };
  const tops = [...v1, v2].map((hierarchy) => join(hierarchy, CGROUP));
  await until('the last process of the cluster is gone', KILL_MS, async () => {
    kill();
    for (const top of tops) if (existsSync(top)) removeTree(top);
    return tops.every((top) => !existsSync(top));
  });
}

/** What is still in use stays. */
function removeTree(path: string): void {
  try {
    for (const entry of readdirSync(path, { withFileTypes: true }))
      if (entry.isDirectory()) removeTree(join(path, entry.name));
    rmdirSync(path);
  } catch (fault) {
    const { code } = fault as NodeJS.ErrnoException;
    if (code !== 'EBUSY' && code !== 'ENOENT') throw fault;
  }
}

function hierarchies(): Hierarchies {
  const mounts = readFileSync('/proc/self/mounts', 'latin1')
    .split('\n')
    .map((line) => line.split(' '));
  const of = (type: string) => mounts.filter(([, , kind]) => kind === type).map(([, path]) => path!);
  const [v2] = of('cgroup2');
  if (!v2) throw new NotHere('no cgroup-v2 hierarchy is mounted');
  return { v2, v1: of('cgroup') };
}
