/**
 * How long `callgate ps` takes with fifty containers of Docker, in starts of Node (`node -e 0`) and in seconds: a third under the engine's
 * default, a third under a profile of one's own, a third unconfined. As root, with Docker and Debian's static busybox.
 *   npx tsx bench/ps.ts [CONTAINERS]
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const count = Number(process.argv[2] ?? 50);
const ROUNDS = 7;
const bin = join(import.meta.dirname, '../packages/cli/bin/callgate.js');
const folder = mkdtempSync(join(tmpdir(), 'callgate-bench-ps-'));
const image = `callgate-bench-ps-${process.pid}`;
const own = join(folder, 'own.json');
const started: string[] = [];

const docker = (...args: string[]) => execFileSync('docker', args, { encoding: 'utf8' }).trim();

function startContainers(): void {
  writeFileSync(
    own,
    JSON.stringify({
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [{ names: ['mkdir'], action: 'SCMP_ACT_ERRNO' }],
    }),
  );
  const layer = join(folder, 'layer.tar');
  execFileSync('tar', ['-C', '/', '-cf', layer, 'bin/busybox']);
  docker('import', layer, image);
  const confinements = [[], [`--security-opt=seccomp=${own}`], ['--security-opt=seccomp=unconfined']];
  for (let i = 0; i < count; i++) {
    const options = ['--network=none', ...confinements[i % confinements.length]!];
    started.push(docker('run', '-d', ...options, image, '/bin/busybox', 'sleep', '3600'));
  }
}

/** The median of some rounds, in milliseconds. */
function median(work: () => void): number {
  const times = Array.from({ length: ROUNDS }, () => {
    const before = performance.now();
    work();
    return performance.now() - before;
  });
  return times.toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)]!;
}

function listContainers(): number {
  const { stdout } = spawnSync(process.execPath, [bin, 'ps', '--json'], { encoding: 'utf8' });
  return (JSON.parse(stdout) as { containers: { engine: string }[] }).containers.length;
}

try {
  startContainers();
  const listed = listContainers();
  if (listed < count) throw new Error(`ps lists ${listed} of ${count} containers`);
  const node = median(() => spawnSync(process.execPath, ['-e', '0']));
  const ps = median(listContainers);
  console.log(
    `ps with ${listed} containers: ${(ps / 1000).toFixed(2)} s, ${(ps / node).toFixed(0)} × node -e 0`,
  );
} finally {
  if (started.length) docker('rm', '--force', ...started);
  spawnSync('docker', ['rmi', image]);
  rmSync(folder, { recursive: true });
}
