import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ownName } from '../../leavings/own-name.ts';
import { type ContainerPlan, ContainerRefused } from '../container-host.ts';
import { bundleOptions } from './bundle-options.ts';

/** A bundle of OCI in a folder of its own; forgotten with `remove`. */
export interface Bundle {
  readonly folder: string;
  /** Where the runtime keeps what it knows. */
  readonly state: string;
  /** Where the runtime writes what goes wrong. */
  readonly log: string;
  /** What has to be done before the runtime is started, in the same mount namespace, as a script of a shell. */
  readonly prepare: string;
  remove(): void;
}

const PROFILE_HERE = 'the profile';
const NAMESPACES = ['pid', 'network', 'ipc', 'uts', 'mount'];

/** Makes the bundle of a container. The root file system is covered, so that nothing is written into the folder that is given. */
export function makeBundle(plan: ContainerPlan): Bundle {
  const options = bundleOptions(plan.options);
  const command = plan.entrypoint === undefined ? plan.command : [plan.entrypoint, ...plan.command];
  if (command.length === 0) throw new ContainerRefused('no command is given, and a folder says none');
  const folder = join(tmpdir(), ownName('bundle'));
  mkdirSync(folder, { mode: 0o711 });
  const { capabilities, uid, gid, env, noNewPrivileges } = options;
  const config = {
    ociVersion: '1.0.2',
    process: {
      user: { uid, gid },
      args: command,
      env,
      cwd: '/',
      capabilities: Object.fromEntries(
        // Another user than root has them only where a program of his brings them.
        ['bounding', ...(uid === 0 ? ['effective', 'permitted'] : [])].map((set) => [set, capabilities]),
      ),
      noNewPrivileges,
    },
    root: { path: join(folder, 'cover/root') },
    hostname: 'callgate',
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      // runc before 1.1 runs no command inside without a /sys/fs/cgroup.
      { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', 'ro'] },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755'] },
      ...Object.entries(plan.files).map(([destination, source]) => ({
        destination,
        type: 'bind',
        source,
        options: ['bind', 'ro'],
      })),
    ],
    linux: {
      namespaces: NAMESPACES.map((type) => ({ type })),
      ...(plan.seccomp.kind === 'profile' && { seccomp: PROFILE_HERE }),
    },
  };
  const profile = plan.seccomp.kind === 'profile' ? plan.seccomp.text : '';
  // As text, because its numbers may have 64 bits.
  const text = JSON.stringify(config).replace(JSON.stringify(PROFILE_HERE), () => profile);
  writeFileSync(join(folder, 'config.json'), text);
  // Runtimes that run a command inside go to that folder first, where they see it without its cover.
  for (const place of ['cover/root', 'lower']) mkdirSync(join(folder, place), { recursive: true });
  if (plan.image !== undefined) writeFileSync(join(folder, 'image'), plan.image);
  return {
    folder,
    state: join(folder, 'state'),
    log: join(folder, 'log'),
    prepare: plan.image === undefined ? EMPTY_ROOT : COVERED_ROOT,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** The mounts are gone with the processes that see them. $1 is the bundle, $2 the folder of the root file system. */
const EMPTY_ROOT =
  'mount -t tmpfs tmpfs "$1/cover" && mkdir -p "$1/cover/root/proc" "$1/cover/root/sys" "$1/cover/root/dev"';
const COVERED_ROOT = [
  'mount -t tmpfs tmpfs "$1/cover"',
  'mkdir "$1/cover/root" "$1/cover/upper" "$1/cover/work"',
  'mount --bind "$2" "$1/lower"',
  'mount -t overlay -o "lowerdir=$1/lower,upperdir=$1/cover/upper,workdir=$1/cover/work" overlay "$1/cover/root"',
].join(' && ');
