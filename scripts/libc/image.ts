import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cached } from '../../test/machines/cache.ts';
import { output } from '../../test/machines/commands.ts';
import { nodeOf } from '../../test/machines/node-release.ts';
import { nodeWheel } from '../../test/machines/node-wheel.ts';

const ROOT = join(import.meta.dirname, '../..');
const SSH = ['openssh-server', 'openssh-client'];
const PROGRAMS = ['python3', 'nginx', 'redis-server', 'curl', 'sqlite3', 'git', ...SSH, 'nodejs'];
const BUILD = ['gcc', 'libc6-dev', 'musl', 'musl-dev', 'musl-tools'];
/** Older musl than trixie's cannot run the wheel's Node. */
const WITH_MUSL_NODE = ['trixie', 'sid'];
export const SUITES = ['bullseye', 'bookworm', 'trixie', 'sid'];
const NODE_OF_CALLGATE = '20.19';
/** The one Node that is recorded in every image, and under musl. */
export const SAME_NODE = '24.19.0';

/** Mounts and the network, with nothing but its loopback, go with the namespaces that unshare makes. */
const ENTER = `
ip link set lo up
root=$0 checkout=$1 node=$2 wheel=$3 musl=$4 work=$5
for name in proc sys dev; do mount --rbind "/$name" "$root/$name"; done
for name in run tmp; do mount -t tmpfs tmpfs "$root/$name"; done
mount --bind "$checkout" "$root/callgate"
mount --bind "$node" "$root/callgate-node"
mount --bind "$work" "$root/work"
mount --bind "$wheel" "$root/callgate-wheel"
[ -z "$musl" ] || { mkdir -p "$root/callgate-musl"; mount --bind "$musl" "$root/callgate-musl"; }
exec nice env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C chroot "$root" bash --norc -euc "$6"`;

/** A Debian release in a folder, with the programs that are measured and its C libraries. */
export interface Image {
  readonly suite: string;
  /** Runs a script as root in it; /work is a folder that all images share. */
  run(script: string): Promise<string>;
  /** The releases of what is measured, by the name of the package. */
  releases(): Promise<Readonly<Record<string, string>>>;
}

/** @param work a folder of this machine. */
export async function imageOf(suite: string, work: string): Promise<Image> {
  const folder = await cached(`libc-${suite}`, (to) => debootstrap(suite, to));
  for (const name of ['callgate', 'callgate-wheel', 'work'])
    mkdirSync(join(folder, name), { recursive: true });
  if (!existsSync(join(folder, 'callgate-node'))) writeFileSync(join(folder, 'callgate-node'), '');
  writeFileSync(join(folder, 'etc/hosts'), '127.0.0.1 localhost\n');
  // Nobody answers there.
  writeFileSync(join(folder, 'etc/resolv.conf'), 'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n');
  copyFileSync(join(ROOT, 'scripts/libc/calls.c'), join(work, 'calls.c'));
  const node = await nodeOf(NODE_OF_CALLGATE, 'x64');
  const wheel = await nodeWheel(SAME_NODE, 'manylinux_2_28_x86_64');
  const musl = WITH_MUSL_NODE.includes(suite) ? await nodeWheel(SAME_NODE, 'musllinux_1_2_x86_64') : '';
  const places = [folder, ROOT, node, wheel, musl, work];
  const run = (script: string) =>
    output('unshare', ['--mount', '--net', 'sh', '-euc', ENTER, ...places, script]);
  return {
    suite,
    run,
    async releases() {
      const query = ['-W', '-f', '${Package} ${Version}\n', 'libc6', 'musl', ...PROGRAMS];
      const lines = (await output('dpkg-query', [`--admindir=${folder}/var/lib/dpkg`, ...query])).trim();
      return Object.fromEntries(lines.split('\n').map((line) => line.split(' ') as [string, string]));
    },
  };
}

async function debootstrap(suite: string, folder: string): Promise<void> {
  const targets = await output('apt-get', [
    'indextargets',
    '--format',
    '$(REPO_URI)',
    'Created-By: Packages',
  ]);
  const include = `--include=${[...PROGRAMS, ...BUILD].join(',')}`;
  await output('nice', ['debootstrap', '--variant=minbase', include, suite, folder, targets.split('\n')[0]!]);
}
