/**
 * Measures anew what container runtimes call between loading a container's filter and the container's execve, and compares it
 * with the table in packages/engine/src/build/floors.ts. Needs root, eBPF, and the runtimes that are to be measured.
 *   npx tsx -C @callgate/source scripts/measure-floors.ts [--starts 20] [runc] [crun] [docker] [podman]
 * Exit status 1 when a runtime calls something in more than one start that the table lacks, or never calls what the table says
 * that it always does. What came once is printed: it may be a matter of luck, which no release of a runtime is to blame for.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FLOORS, type FloorChoice, floorOf } from '@callgate/engine/internal/build/floors';
import { ENGINES } from '@callgate/linux/internal/container/containers';
import { runtimeVersion } from '@callgate/linux/internal/container/oci-container';
import { attach } from '@callgate/linux/internal/recorders/record-attached';

const BUSYBOX = '/bin/busybox';
const IMAGE = 'callgate-floors';
const STARTS = Number(/--starts (\d+)/.exec(process.argv.join(' '))?.[1] ?? 20);
const KNOWN = ['runc', 'crun', 'docker', 'podman'] as const;
type Measured = (typeof KNOWN)[number];
const asked = KNOWN.filter((name) => process.argv.includes(name));
const folder = mkdtempSync(join(tmpdir(), 'callgate-floors-'));
/** Everything is allowed; a rule that never holds makes sure that the runtime loads a filter. */
const PROFILE = {
  defaultAction: 'SCMP_ACT_ALLOW',
  syscalls: [{ names: ['reboot'], action: 'SCMP_ACT_ERRNO' }],
};
let failed = false;

function hasCommand(name: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${name}`]).status === 0;
}

/** crun refuses machines that mount both kinds of cgroups; in a mount namespace of its own it sees only the second. */
const WITH_CGROUP2_ALONE = existsSync('/sys/fs/cgroup/unified')
  ? ['unshare', '-m', 'sh', '-c', 'mount --bind /sys/fs/cgroup/unified /sys/fs/cgroup && exec "$@"', 'sh']
  : [];

/** A container that waits to be started, is recorded, and runs `true`. */
async function startBundle(
  runtime: 'runc' | 'crun',
  noNewPrivileges: boolean,
  uid: number,
): Promise<Set<string>> {
  const id = `callgate-floor-${process.pid}`;
  const bundle = mkdtempSync(join(folder, 'bundle-'));
  mkdirSync(join(bundle, 'rootfs/bin'), { recursive: true });
  for (const name of ['proc', 'dev', 'sys']) mkdirSync(join(bundle, 'rootfs', name));
  copyFileSync(BUSYBOX, join(bundle, 'rootfs/bin/busybox'));
  const config = {
    ociVersion: '1.0.2',
    process: {
      user: { uid, gid: uid },
      args: ['/bin/busybox', 'true'],
      env: ['PATH=/bin'],
      cwd: '/',
      noNewPrivileges,
    },
    root: { path: 'rootfs' },
    mounts: [{ destination: '/proc', type: 'proc', source: 'proc' }],
    linux: { namespaces: ['pid', 'ipc', 'uts', 'mount'].map((type) => ({ type })), seccomp: PROFILE },
  };
  writeFileSync(join(bundle, 'config.json'), JSON.stringify(config));
  const global = runtime === 'crun' ? ['--cgroup-manager=disabled'] : [];
  const [command, ...before] = runtime === 'crun' ? [...WITH_CGROUP2_ALONE, runtime, ...global] : [runtime];
  const run = (...args: string[]) =>
    execFileSync(command, [...before, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
  const state = () => JSON.parse(execFileSync(command, [...before, 'state', id], { encoding: 'utf8' }));
  // The filter may be loaded before `create` returns, so everything that begins is recorded.
  const calls = await recorded(async (began) => {
    run('create', '--bundle', bundle, id);
    began(state().pid);
    run('start', id);
    for (let i = 0; i < 200 && state().status !== 'stopped'; i++) await new Promise((r) => setTimeout(r, 10));
    run('delete', '--force', id);
  });
  rmSync(bundle, { recursive: true });
  return calls;
}

async function startEngine(
  engine: 'docker' | 'podman',
  noNewPrivileges: boolean,
  uid: number,
): Promise<Set<string>> {
  const name = `callgate-floor-${process.pid}`;
  const attached = attach({ kind: 'container', reference: `${engine}:${name}`, wait: true });
  await new Promise((r) => setTimeout(r, 500));
  const podman = [
    '--runtime',
    '/usr/sbin/runc',
    'run',
    '--ulimit',
    'nofile=1024:1024',
    '--ulimit',
    'nproc=1000:1000',
  ];
  const args = [
    ...(engine === 'podman' ? podman : ['run']),
    '--network',
    'none',
    '--name',
    name,
    '--user',
    String(uid),
  ];
  const security = noNewPrivileges ? ['--security-opt', 'no-new-privileges'] : [];
  const child = spawn(engine, [...args, ...security, IMAGE, '/bin/busybox', 'sleep', '0.2'], {
    stdio: 'ignore',
  });
  const recording = await attached;
  await recording.ended;
  if (child.exitCode === null) await once(child, 'exit');
  const calls = runtimeCalls(recording.snapshot().observations);
  recording.close();
  execFileSync(engine, ['rm', '-f', name], { stdio: 'ignore' });
  return calls;
}

async function recorded(work: (began: (pid: number) => void) => Promise<void>): Promise<Set<string>> {
  const { ObserverPrograms } = await import('@callgate/linux/internal/recorders/ebpf/observer-programs');
  const { observerLayout } = await import('@callgate/linux/internal/recorders/ebpf/observer-layout');
  const { readKernelTypes } = await import('@callgate/linux/internal/ebpf/btf');
  const { readlinkSync } = await import('node:fs');
  const { nameOf } = await import('@callgate/engine/internal/syscalls/lookup');
  const namespaceOf = (pid: number | 'self') => Number(/\d+/.exec(readlinkSync(`/proc/${pid}/ns/mnt`))![0]);
  const layout = observerLayout(readKernelTypes()!)!;
  const programs = new ObserverPrograms(
    layout,
    { kind: 'mounts', otherThan: namespaceOf('self') },
    { denied: true, args: false },
  );
  let namespace = 0;
  try {
    await work((pid) => {
      namespace = namespaceOf(pid);
    });
    const { id } = programs.containers().find((c) => c.namespace === namespace)!;
    return runtimeCalls(
      programs.read(id).counts.map((c) => ({ name: nameOf(c.arch, c.nr) ?? '', phase: c.phase })),
    );
  } finally {
    programs.close();
  }
}

function runtimeCalls(observations: readonly { name: string; phase?: string }[]): Set<string> {
  return new Set(observations.filter((o) => o.phase === 'runtime').map((o) => o.name));
}

async function measure(runtime: Measured, noNewPrivileges: boolean, uid: number): Promise<void> {
  const shares = new Map<string, number>();
  for (let i = 0; i < STARTS; i++) {
    const isEngine = (ENGINES as readonly string[]).includes(runtime);
    const calls = isEngine
      ? await startEngine(runtime as 'docker', noNewPrivileges, uid)
      : await startBundle(runtime as 'runc', noNewPrivileges, uid);
    for (const name of calls) shares.set(name, (shares.get(name) ?? 0) + 1);
  }
  const below = runtime === 'crun' ? 'crun' : 'runc';
  const release = (await runtimeVersion(below))?.release;
  const choice: FloorChoice = { runtime: below, release, noNewPrivs: noNewPrivileges };
  const table = floorOf(choice);
  const sometimes = new Set(
    FLOORS.filter((row) => row.runtime === below).flatMap((row) => row.sometimes ?? []),
  );
  const missing = [...shares.keys()].filter((name) => !table.has(name));
  const never = [...table.keys()].filter((name) => !shares.has(name) && !sometimes.has(name));
  const rare = [...shares]
    .filter(([, count]) => count < STARTS)
    .map(([name, count]) => `${name} ${count}/${STARTS}`);
  console.log(
    `${runtime} (${below} ${release}), no_new_privs ${noNewPrivileges ? 'on' : 'off'}, uid ${uid}: ${[...shares.keys()].sort().join(' ')}`,
  );
  if (rare.length > 0) console.log(`  not in every start: ${rare.join(', ')}`);
  if (missing.length > 0) console.log(`  NOT IN THE TABLE: ${missing.join(', ')}`);
  if (never.length > 0) console.log(`  IN THE TABLE, NEVER CALLED: ${never.join(', ')}`);
  failed ||= missing.some((name) => shares.get(name)! > 1) || never.length > 0 || shares.size === 0;
}

try {
  for (const runtime of asked.length > 0 ? asked : KNOWN.filter(hasCommand)) {
    if (runtime === 'docker' || runtime === 'podman') importImage(runtime);
    for (const noNewPrivileges of [true, false])
      for (const uid of [0, 1000]) await measure(runtime, noNewPrivileges, uid);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
  for (const engine of ENGINES.filter(hasCommand))
    spawnSync(engine, ['rmi', '-f', IMAGE], { stdio: 'ignore' });
}
process.exitCode = failed ? 1 : 0;

function importImage(engine: 'docker' | 'podman'): void {
  const root = mkdtempSync(join(folder, 'image-'));
  mkdirSync(join(root, 'bin'));
  copyFileSync(BUSYBOX, join(root, 'bin/busybox'));
  const archive = join(folder, 'image.tar');
  execFileSync('tar', ['-C', root, '-cf', archive, '.']);
  execFileSync(engine, ['import', archive, IMAGE], { stdio: ['ignore', 'ignore', 'inherit'] });
}
