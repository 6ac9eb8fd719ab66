import { readFileSync } from 'node:fs';

/** A filter that is there and denies nothing that anybody calls. */
const NEARLY_NONE = {
  defaultAction: 'SCMP_ACT_ALLOW',
  architectures: ['SCMP_ARCH_X86_64'],
  syscalls: [{ names: ['kexec_load'], action: 'SCMP_ACT_ERRNO' }],
};
const SEPARATE = ['pid', 'network', 'ipc', 'uts', 'mount'];

/** What an OCI runtime is to start. */
export interface OciPlan {
  readonly command: readonly string[];
  /** The folder of the root file system. */
  readonly root: string;
  /** PATH in the container. */
  readonly path: string;
  readonly capabilities: readonly string[];
  readonly noNewPrivs?: boolean;
  /** The file of a profile; without one the container has a filter all the same. */
  readonly profile?: string;
}

/** The config.json of a container with namespaces of its own, for root. */
export function ociConfig({ command, root, path, capabilities, noNewPrivs = false, profile }: OciPlan) {
  return {
    ociVersion: '1.0.2',
    process: {
      user: { uid: 0, gid: 0 },
      args: command,
      env: [`PATH=${path}`],
      cwd: '/',
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
      noNewPrivileges: noNewPrivs,
    },
    root: { path: root },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755'] },
      { destination: '/tmp', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=1777'] },
    ],
    linux: {
      namespaces: SEPARATE.map((type) => ({ type })),
      seccomp: profile ? JSON.parse(readFileSync(profile, 'utf8')) : NEARLY_NONE,
    },
  };
}
