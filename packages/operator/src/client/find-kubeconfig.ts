import { delimiter, join, resolve } from 'node:path';
import { ClusterFault } from './cluster-fault.ts';
import { type Kubeconfig, MOST_KUBECONFIG, mergeKubeconfigs, parseKubeconfig } from './kubeconfig.ts';
import { readNamedFile, readSmallFile } from './read-small-file.ts';

/** What a program finds around it when it is started. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

const PURPOSE = 'a kubeconfig';

/**
 * The kubeconfig that kubectl would use: `file` alone if it is given, else those that KUBECONFIG names, joined, else
 * ~/.kube/config. Files that are not there are left out, but not `file`. Throws ClusterFault.
 */
export async function findKubeconfig(around: Surroundings, file?: string): Promise<Kubeconfig> {
  if (file !== undefined) {
    const path = resolve(around.cwd, file);
    return parseKubeconfig((await readNamedFile(path, MOST_KUBECONFIG, PURPOSE)).toString('utf8'), path);
  }
  const configs: Kubeconfig[] = [];
  for (const path of usualFiles(around)) {
    const bytes = await readSmallFile(path, MOST_KUBECONFIG, PURPOSE);
    if (bytes) configs.push(parseKubeconfig(bytes.toString('utf8'), path));
  }
  return mergeKubeconfigs(configs);
}

const MOST_FILES = 100;

function usualFiles({ env, cwd }: Surroundings): readonly string[] {
  if (!env.KUBECONFIG) return env.HOME ? [join(env.HOME, '.kube/config')] : [];
  const paths = new Set(env.KUBECONFIG.split(delimiter).filter((path) => path !== ''));
  if (paths.size > MOST_FILES) throw new ClusterFault(`KUBECONFIG names ${paths.size} files`);
  return [...paths].map((path) => resolve(cwd, path));
}
