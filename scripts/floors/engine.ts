import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { attach } from '@callgate/linux/internal/recorders/record-attached';
import { type Shares, sharesIn } from './starts.ts';

export type Engine = 'docker' | 'podman';

const BUSYBOX = '/bin/busybox';
const IMAGE = 'callgate-floors';
/** Podman takes crun where it is told nothing else; its limits are those that a container may have here. */
const RUN: Readonly<Record<Engine, readonly string[]>> = {
  docker: ['run'],
  podman: '--runtime /usr/sbin/runc run --ulimit nofile=1024:1024 --ulimit nproc=1000:1000'.split(' '),
};

/** What the runc of an engine calls in a number of starts. */
export async function sharesOfEngine(
  engine: Engine,
  noNewPrivs: boolean,
  uid: number,
  starts: number,
): Promise<Shares> {
  importImage(engine);
  try {
    const runs: Set<string>[] = [];
    for (let i = 0; i < starts; i++) runs.push(await start(engine, noNewPrivs, uid));
    return sharesIn(runs, starts);
  } finally {
    spawnSync(engine, ['rmi', '-f', IMAGE], { stdio: 'ignore' });
  }
}

async function start(engine: Engine, noNewPrivs: boolean, uid: number): Promise<Set<string>> {
  const name = `callgate-floor-${process.pid}`;
  const attached = attach({ kind: 'container', reference: `${engine}:${name}`, wait: true });
  await new Promise((r) => setTimeout(r, 500));
  const security = noNewPrivs ? ['--security-opt', 'no-new-privileges'] : [];
  const options = ['--network', 'none', '--name', name, '--user', String(uid), ...security];
  const args = [...RUN[engine], ...options, IMAGE, BUSYBOX, 'sleep', '0.2'];
  const child = spawn(engine, args, { stdio: 'ignore' });
  const recording = await attached;
  await recording.ended;
  if (child.exitCode === null) await once(child, 'exit');
  const own = recording.snapshot().observations.filter(({ phase }) => phase === 'runtime');
  recording.close();
  execFileSync(engine, ['rm', '-f', name], { stdio: 'ignore' });
  return new Set(own.map((observation) => observation.name));
}

function importImage(engine: Engine): void {
  const folder = mkdtempSync(join(tmpdir(), 'callgate-floors-image-'));
  try {
    mkdirSync(join(folder, 'root/bin'), { recursive: true });
    copyFileSync(BUSYBOX, join(folder, 'root/bin/busybox'));
    const archive = join(folder, 'image.tar');
    execFileSync('tar', ['-C', join(folder, 'root'), '-cf', archive, '.']);
    execFileSync(engine, ['import', archive, IMAGE], { stdio: ['ignore', 'ignore', 'inherit'] });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
