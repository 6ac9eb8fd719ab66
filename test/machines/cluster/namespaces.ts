import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Place } from './places.ts';
import { asMember, refuseEnded, startProgram } from './programs.ts';
import { until } from './until.ts';

/** The first folder in a node's PATH. */
const PREFERRED = '/usr/local/sbin';
const START_MS = 20_000;
/** What a node writes there is its own. */
const LAYERED = ['etc', 'opt', 'var'];
/** Folders that may not be layered, or are worth a look from outside. */
const OWN = ['var/lib/containerd', 'var/lib/kubelet', 'var/log'];

/**
 * Begins a node: namespaces for mounts and network, kept by a process that does nothing. The node finds this machine's
 * files, but its /run is empty.
 * @param programs a folder of programs that it prefers to this machine's.
 */
export async function beginNode(place: Place, programs?: string): Promise<void> {
  const { name, folder } = place;
  const ready = join(folder, 'ready');
  const script = [
    ...LAYERED.map((top) => layer(folder, top)),
    ...OWN.map((own) => bind(folder, own)),
    ...(programs ? [`mount --bind ${programs} ${PREFERRED}`] : []),
    'mount -t tmpfs -o mode=755 tmpfs /run',
    'mount --make-rshared /',
    'ip link set lo up',
    'echo 1 > /proc/sys/net/ipv4/ip_forward',
    `touch ${ready}`,
    'exec sleep infinity',
  ].join('\n');
  const command = ['unshare', '--mount', '--net', '--propagation', 'private', 'sh', '-euc', script];
  const keeper = startProgram(`the node ${name}`, command, join(folder, 'namespaces.log'));
  writeFileSync(keeperFile(place), String(keeper.pid));
  await until(`the node ${name} has its namespaces`, START_MS, async () => {
    refuseEnded([keeper]);
    return existsSync(ready);
  });
}

/** The command as the node runs it. */
export function onNode(place: Place, command: readonly string[]): string[] {
  const path = `PATH=${PREFERRED}:${process.env.PATH}`;
  return asMember([
    'nsenter',
    '--target',
    keeperOf(place),
    '--mount',
    '--net',
    '--',
    'env',
    path,
    ...command,
  ]);
}

/** The command with the network of the node and all else of this machine. */
export function inNetworkOf(place: Place, command: readonly string[]): string[] {
  return asMember(['nsenter', '--target', keeperOf(place), '--net', '--', ...command]);
}

/** The process that keeps the namespaces. */
export function keeperOf(place: Place): string {
  if (!existsSync(keeperFile(place))) throw new Error('there is no cluster: npm run cluster:up starts one');
  return readFileSync(keeperFile(place), 'utf8');
}

function keeperFile({ folder }: Place): string {
  return join(folder, 'keeper.pid');
}

function layer(folder: string, top: string): string {
  const [upper, work] = ['upper', 'work'].map((kind) => join(folder, kind, top)) as [string, string];
  for (const path of [upper, work]) mkdirSync(path, { recursive: true });
  return `mount -t overlay -o lowerdir=/${top},upperdir=${upper},workdir=${work} overlay /${top}`;
}

function bind(folder: string, own: string): string {
  mkdirSync(join(folder, own), { recursive: true });
  return `mkdir -p /${own}; mount --bind ${join(folder, own)} /${own}`;
}
