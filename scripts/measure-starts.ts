/**
 * Finds out which of the calls that a runtime makes under a container's filter it cannot do without: each is denied, with
 * EPERM and with ENOSYS, and a container started. Compares that with packages/engine/src/lint/start-calls.ts. Needs root.
 *   npx tsx -C @callgate/source scripts/measure-starts.ts [PATH OF A RUNC OR CRUN ...]
 * Exit status 1 when a container starts without a call that the table has.
 */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { floorOf } from '@callgate/engine/internal/build/floors';
import { compareReleases } from '@callgate/engine/internal/build/portability';
import { START_CALLS, type StartCalls } from '@callgate/engine/internal/lint/start-calls';

const ERRNOS = [1, 38];
const PATIENCE_MS = 20_000;
/** Docker's. */
const CAPABILITIES = [
  ...[
    'CHOWN',
    'DAC_OVERRIDE',
    'FSETID',
    'FOWNER',
    'MKNOD',
    'NET_RAW',
    'SETGID',
    'SETUID',
    'SETFCAP',
    'SETPCAP',
  ],
  ...['NET_BIND_SERVICE', 'SYS_CHROOT', 'KILL', 'AUDIT_WRITE'],
].map((name) => `CAP_${name}`);
/** crun refuses machines that mount both kinds of cgroups; in a mount namespace of its own it sees only the second. */
const WITH_CGROUP2_ALONE = existsSync('/sys/fs/cgroup/unified')
  ? ['unshare', '-m', 'sh', '-c', 'mount --bind /sys/fs/cgroup/unified /sys/fs/cgroup && exec "$@"', 'sh']
  : [];

const bundle = mkdtempSync(join(tmpdir(), 'callgate-starts-'));
for (const name of ['bin', 'proc', 'dev', 'sys'])
  mkdirSync(join(bundle, 'rootfs', name), { recursive: true });
copyFileSync('/bin/busybox', join(bundle, 'rootfs/bin/busybox'));

function run(runtime: string, ...args: readonly string[]): SpawnSyncReturns<string> {
  const isCrun = basename(runtime).includes('crun');
  const words = isCrun
    ? [...WITH_CGROUP2_ALONE, runtime, '--cgroup-manager=disabled', ...args]
    : [runtime, ...args];
  return spawnSync(words[0], words.slice(1), { encoding: 'utf8', stdio: 'ignore', timeout: PATIENCE_MS });
}

/** Whether a container starts and its program ends well while calls are denied. */
function starts(
  runtime: string,
  noNewPrivileges: boolean,
  denied: readonly string[],
  errnoRet: number,
): boolean {
  const id = `callgate-start-${process.pid}`;
  const config = {
    ociVersion: '1.0.2',
    process: {
      user: { uid: 0, gid: 0 },
      args: ['/bin/busybox', 'true'],
      env: ['PATH=/bin'],
      cwd: '/',
      noNewPrivileges,
      capabilities: { bounding: CAPABILITIES, effective: CAPABILITIES, permitted: CAPABILITIES },
    },
    root: { path: 'rootfs' },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      // What a runtime makes there would be in the next one's way.
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs' },
    ],
    linux: {
      namespaces: ['pid', 'ipc', 'uts', 'mount'].map((type) => ({ type })),
      seccomp: {
        defaultAction: 'SCMP_ACT_ALLOW',
        architectures: ['SCMP_ARCH_X86_64'],
        syscalls: [{ names: denied, action: 'SCMP_ACT_ERRNO', errnoRet }],
      },
    },
  };
  writeFileSync(join(bundle, 'config.json'), JSON.stringify(config));
  const { status } = run(runtime, 'run', '--bundle', bundle, id);
  run(runtime, 'delete', '--force', id);
  return status === 0;
}

/** Calls of the floor without which no container starts, whichever errno they get. */
function needed(runtime: string, name: StartCalls['runtime'], noNewPrivs: boolean): string[] {
  if (!starts(runtime, noNewPrivs, ['reboot'], 1)) throw new Error(`${runtime} starts no container at all`);
  const floor = [...floorOf({ runtime: name, noNewPrivs }).keys()].sort();
  return floor.filter((call) => ERRNOS.every((errno) => !starts(runtime, noNewPrivs, [call], errno)));
}

/** What the table says that a release needs. */
function expected(name: StartCalls['runtime'], noNewPrivs: boolean, release: string): string[] {
  const rows = START_CALLS.filter(
    (row) =>
      row.runtime === name &&
      row.noNewPrivs === noNewPrivs &&
      (row.since === undefined || compareReleases(row.since, release) <= 0),
  );
  return rows.flatMap(({ calls }) => calls.split(' '));
}

const given = process.argv.slice(2);
const runtimes = given.length > 0 ? given : ['runc', 'crun'];
let failed = false;
try {
  for (const runtime of runtimes) {
    const name = basename(runtime).includes('crun') ? 'crun' : 'runc';
    const release = /version (\S+)/.exec(spawnSync(runtime, ['--version'], { encoding: 'utf8' }).stdout)![1];
    for (const noNewPrivs of [true, false]) {
      const found = needed(runtime, name, noNewPrivs);
      const wrong = expected(name, noNewPrivs, release).filter((call) => !found.includes(call));
      console.log(`${name} ${release}, no_new_privs ${noNewPrivs ? 'on' : 'off'}: ${found.join(' ')}`);
      if (wrong.length > 0) console.log(`  IN THE TABLE, AND STARTS WITHOUT: ${wrong.join(', ')}`);
      failed ||= wrong.length > 0;
    }
  }
} finally {
  rmSync(bundle, { recursive: true, force: true });
}
process.exitCode = failed ? 1 : 0;
