/** How a container is started, as far as it may matter to what its runtime calls. */
export interface Setting {
  readonly noNewPrivs: boolean;
  readonly uid: number;
  /** Docker's default ones; another user than root gets only the bounding set, as Docker does it. */
  readonly capabilities: boolean;
  /** What starts in it or joins it has a terminal. */
  readonly terminal: boolean;
}

const DOCKER_CAPABILITIES = [
  'CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE',
].flatMap((names) => names.split(' ').map((name) => `CAP_${name}`));

/** Everything is allowed; a rule that never holds makes sure that the runtime loads a filter. */
const PROFILE = {
  defaultAction: 'SCMP_ACT_ALLOW',
  syscalls: [{ names: ['reboot'], action: 'SCMP_ACT_ERRNO' }],
};

/** Every setting without a terminal; with one, those of two ordinary containers. */
export const SETTINGS: readonly Setting[] = [true, false].flatMap((noNewPrivs) => [
  ...[0, 1000].flatMap((uid) =>
    [true, false].map((capabilities) => ({ noNewPrivs, uid, capabilities, terminal: false })),
  ),
  { noNewPrivs, uid: 1000, capabilities: true, terminal: true },
]);

/** The config.json of a container that does nothing until it is removed. */
export function configOf({ noNewPrivs, uid, capabilities, terminal }: Setting): object {
  const held = uid === 0 ? DOCKER_CAPABILITIES : [];
  return {
    ociVersion: '1.0.2',
    process: {
      terminal,
      user: { uid, gid: uid },
      args: ['/bin/busybox', 'sleep', '1000'],
      env: ['PATH=/bin'],
      cwd: '/',
      noNewPrivileges: noNewPrivs,
      ...(capabilities && {
        capabilities: { bounding: DOCKER_CAPABILITIES, effective: held, permitted: held },
      }),
    },
    root: { path: 'rootfs' },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      // runc exec before 1.1 wants to see the folder of the cgroups.
      { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', 'ro'] },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755'] },
      {
        destination: '/dev/pts',
        type: 'devpts',
        source: 'devpts',
        options: ['newinstance', 'ptmxmode=0666'],
      },
    ],
    linux: { namespaces: ['pid', 'ipc', 'uts', 'mount'].map((type) => ({ type })), seccomp: PROFILE },
  };
}
