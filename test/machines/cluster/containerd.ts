import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { clusterImages, PAUSE_IMAGE } from './images.ts';
import { onNode } from './namespaces.ts';
import { podNetworkFolder } from './network.ts';
import type { Place } from './places.ts';
import { type Program, refuseEnded, runTool, startProgram } from './programs.ts';
import { CNI } from './requirements.ts';
import { until } from './until.ts';

const START_MS = 30_000;
/** What pods choose from by the class of their runtime. */
export const RUNTIMES = ['runc', 'crun'] as const;
const UNIFIED = '/sys/fs/cgroup/unified';

/** Starts the node's containerd and gives it the images. */
export async function startContainerd(place: Place): Promise<Program> {
  const config = join(place.folder, 'containerd.toml');
  writeFileSync(config, place.name === 'debian' ? configOf1(place) : configOf2(place));
  // Where crun sees cgroup v2 beside cgroup v1, it takes the former for all there is.
  const hide = existsSync(UNIFIED) ? `umount ${UNIFIED}; ` : '';
  const script = `${hide}exec containerd --config ${config}`;
  const command = ['unshare', '--mount', '--propagation', 'slave', 'sh', '-euc', script];
  const name = `containerd of ${place.name}`;
  const containerd = startProgram(name, onNode(place, command), join(place.folder, 'containerd.log'));
  await until(`${name} answers`, START_MS, async () => {
    refuseEnded([containerd]);
    return (await ctr(place, ['version'])) !== '';
  });
  for (const image of clusterImages()) {
    const file = join(place.folder, `${image.name}.tar`);
    writeFileSync(file, image.archive);
    await ctr(place, ['--namespace', 'k8s.io', 'images', 'import', file]);
  }
  return containerd;
}

function ctr(place: Place, args: readonly string[]): Promise<string> {
  return runTool(onNode(place, ['ctr', ...args]));
}

function configOf1(place: Place): string {
  const cri = 'plugins."io.containerd.grpc.v1.cri"';
  return `version = 2
[${cri}]
sandbox_image = "${PAUSE_IMAGE}"
restrict_oom_score_adj = true
[${cri}.cni]
bin_dir = "${CNI}"
conf_dir = "${podNetworkFolder(place)}"
${runtimes(cri)}`;
}

function configOf2(place: Place): string {
  const runtime = 'plugins."io.containerd.cri.v1.runtime"';
  return `version = 3
[plugins."io.containerd.cri.v1.images".pinned_images]
sandbox = "${PAUSE_IMAGE}"
[${runtime}]
restrict_oom_score_adj = true
[${runtime}.cni]
bin_dirs = ["${CNI}"]
conf_dir = "${podNetworkFolder(place)}"
${runtimes(runtime)}`;
}

function runtimes(plugin: string): string {
  const each = RUNTIMES.map(
    (name) => `[${plugin}.containerd.runtimes.${name}]
runtime_type = "io.containerd.runc.v2"
[${plugin}.containerd.runtimes.${name}.options]
BinaryName = "${name}"
`,
  );
  return [`[${plugin}.containerd]\ndefault_runtime_name = "${RUNTIMES[0]}"\n`, ...each].join('');
}
