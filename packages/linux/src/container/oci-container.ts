import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Program } from '@callgate/engine/internal/bpf/instruction';
import { temporaryFolder } from '../leavings/temporary-folder.ts';
import { readFilters } from '../process/live-filters.ts';
import { askProgram } from './ask-program.ts';

/** OCI runtimes that can be asked what filter they install. */
export const OCI_RUNTIMES = ['runc', 'crun'] as const;
export type OciRuntime = (typeof OCI_RUNTIMES)[number];

/** The runtime is missing, or cannot create a container under the profile. */
export class RuntimeRefused extends Error {}

const TIME_LIMIT_MS = 20_000;
/** crun refuses machines that have both versions of cgroups, so there it gets to see the second one alone. */
const ONLY_CGROUP2 = 'umount -R /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup && exec "$@"';

/** How a runtime is started. No cgroup is wanted; runc makes one all the same and removes it. */
export function runtimeCommand(runtime: OciRuntime): [string, ...string[]] {
  if (runtime === 'runc') return ['runc'];
  const crun = ['crun', '--cgroup-manager=disabled'] as const;
  const isHybrid = existsSync('/sys/fs/cgroup/unified');
  return isHybrid ? ['unshare', '-m', 'sh', '-c', ONLY_CGROUP2, 'sh', ...crun] : [...crun];
}

/**
 * The filters that a runtime really installs for a profile's text in OCI form: it creates a container whose program is never
 * started, and the filters are read from the process that waits for that. Needs root. Leaves nothing behind.
 */
export async function filtersOfRuntime(runtime: OciRuntime, profile: string): Promise<Program[]> {
  const folder = temporaryFolder('oci');
  const id = folder.slice(folder.lastIndexOf('/') + 1);
  const [program, ...options] = runtimeCommand(runtime);
  const root = [...options, '--root', join(folder, 'state')];
  try {
    writeBundle(folder, profile);
    await create(runtime, [program, ...root, 'create', '--bundle', folder, id], join(folder, 'said'));
    const state = await askProgram(program, [...root, 'state', id]);
    const { pid } = JSON.parse(state?.stdout ?? '');
    if (!pid)
      throw new RuntimeRefused(
        `${runtime}'s own process dies under this profile, so its filter cannot be read; --against libseccomp proves it`,
      );
    return readFilters(pid);
  } finally {
    await askProgram(program, [...root, 'delete', '--force', id]);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The container's process keeps the descriptors it is given, so what is said goes to a file and not into a pipe. */
async function create(
  runtime: OciRuntime,
  [program, ...args]: readonly [string, ...string[]],
  file: string,
): Promise<void> {
  const fd = openSync(file, 'w');
  try {
    // In a session of its own, so that a terminal's Ctrl-C does not end it half-way.
    const child = spawn(program, args, {
      stdio: ['ignore', 'ignore', fd],
      timeout: TIME_LIMIT_MS,
      detached: true,
    });
    const status = await new Promise<number | null>((resolve, reject) => {
      child.on('error', reject);
      child.on('exit', resolve);
    });
    if (status === 0) return;
    const said = readFileSync(file, 'utf8').trim().split('\n').at(-1) ?? '';
    throw new RuntimeRefused(
      `${runtime} cannot create a container under this profile: ${said.slice(0, 300)}`,
    );
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code === 'ENOENT')
      throw new RuntimeRefused(`${program} is not installed`);
    throw fault;
  } finally {
    closeSync(fd);
  }
}

const PROFILE_HERE = 'the profile';

function writeBundle(folder: string, profile: string): void {
  // crun looks for /dev even where nothing is mounted there.
  for (const inside of ['proc', 'dev']) mkdirSync(join(folder, 'rootfs', inside), { recursive: true });
  writeFileSync(join(folder, 'rootfs/program'), '', { mode: 0o755 });
  const config = {
    ociVersion: '1.0.2',
    process: {
      user: { uid: 0, gid: 0 },
      args: ['/program'],
      env: [],
      cwd: '/',
      // Without it runc installs the filter before it waits to be started.
      noNewPrivileges: false,
    },
    root: { path: 'rootfs' },
    mounts: [{ destination: '/proc', type: 'proc', source: 'proc' }],
    linux: {
      namespaces: ['pid', 'ipc', 'uts', 'mount'].map((type) => ({ type })),
      seccomp: PROFILE_HERE,
    },
  };
  // As text, because its numbers may have 64 bits.
  const text = JSON.stringify(config).replace(JSON.stringify(PROFILE_HERE), () => profile);
  writeFileSync(join(folder, 'config.json'), text);
}

/** What a runtime says of itself: its release, such as 1.1.5, and that of the libseccomp in it where it tells. */
export interface RuntimeVersion {
  readonly release: string;
  readonly libseccomp?: string;
}

/** Undefined when the runtime is not installed. */
export async function runtimeVersion(runtime: OciRuntime): Promise<RuntimeVersion | undefined> {
  const { stdout } = (await askProgram(runtime, ['--version'])) ?? { stdout: '' };
  const release = /version (\d+\.\d+(?:\.\d+)?)/.exec(stdout)?.[1];
  const libseccomp = /libseccomp: (\d+\.\d+\.\d+)/.exec(stdout)?.[1];
  return release === undefined ? undefined : { release, libseccomp };
}
