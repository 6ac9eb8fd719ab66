import { execFileSync, spawnSync } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { BUSYBOX, PODMAN_RUN } from './containers.ts';
import { ociConfig } from './oci-config.ts';
import { kill, statusOf, type Undo } from './recorded.ts';
import { until } from './until.ts';

/** A container to start: what runs in it, under what. */
export interface Plan {
  readonly command: readonly string[];
  /** The file of a profile; else the engine's own, or one that denies a single call. */
  readonly seccomp?: string;
  readonly noNewPrivs?: boolean;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Folder with OCI hook files (Podman). */
  readonly hooks?: string;
  /** OCI hooks by stage (plain bundles). */
  readonly stages?: Readonly<Record<string, readonly object[]>>;
}

export interface Result {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Something that starts containers of one root file system. Containers are gone when the test's Undo has run. */
export interface Host {
  readonly id: 'docker' | 'podman' | 'containerd' | 'runc' | 'crun';
  newName(): string;
  /** Starts it and lets it run. */
  start(undo: Undo, name: string, plan: Plan): void;
  /** Runs it to its end. */
  run(undo: Undo, name: string, plan: Plan): Result;
  /** Runs a command in a running container. */
  exec(name: string, command: readonly string[]): void;
  /** The first process, as this machine numbers it. */
  pid(name: string): number;
  /** Ends the first process, and returns when it is gone. */
  stop(name: string): Promise<void>;
}

const TIME_LIMIT_MS = 60_000;
let made = 0;

function newName(): string {
  return `callgate-served-${process.pid}-${++made}`;
}

const SIGTERM_BIT = 1n << 14n;

/** The first process of a pid namespace does not die of a signal that it does not handle, but for SIGKILL. */
async function stopped(pid: number): Promise<void> {
  const handled = BigInt(`0x${statusOf(pid, 'SigCgt') ?? '0'}`);
  kill(pid, handled & SIGTERM_BIT ? 'SIGTERM' : 'SIGKILL');
  await until(`the end of the container's process ${pid}`, () => !kill(pid, 0));
}

function ran(command: string, args: readonly string[]): Result {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', timeout: TIME_LIMIT_MS });
  return { status, stdout, stderr };
}

/** The options of Podman before its verb. */
const RUNTIME = { docker: [], podman: PODMAN_RUN.slice(0, PODMAN_RUN.indexOf('run')) };

/** Docker or Podman, with an image made of the folder, without any registry. */
export function engineHost(undo: Undo, engine: 'docker' | 'podman', root: string): Host {
  const image = newName();
  const archive = join(undo.folder(), 'image.tar');
  execFileSync('tar', ['-C', root, '-cf', archive, '.']);
  undo.defer(() => spawnSync(engine, ['rmi', '-f', image], { stdio: 'ignore' }));
  execFileSync(engine, ['import', archive, image], { stdio: ['ignore', 'ignore', 'pipe'] });

  const args = (undo: Undo, name: string, plan: Plan, ...options: string[]) => {
    undo.defer(() => spawnSync(engine, ['rm', '-f', '-v', name], { stdio: 'ignore' }));
    return [
      ...(plan.hooks ? ['--hooks-dir', plan.hooks] : []),
      ...(engine === 'docker' ? ['run', '--network=none'] : PODMAN_RUN),
      ...options,
      ...['--name', name],
      ...(plan.seccomp ? ['--security-opt', `seccomp=${plan.seccomp}`] : []),
      ...(plan.noNewPrivs ? ['--security-opt', 'no-new-privileges'] : []),
      ...Object.entries(plan.annotations ?? {}).flatMap(([key, value]) => [
        '--annotation',
        `${key}=${value}`,
      ]),
      image,
      ...plan.command,
    ];
  };
  const pid = (name: string) => {
    const { stdout } = ran(engine, ['inspect', '--type=container', '--format={{.State.Pid}}', name]);
    return Number(stdout.trim());
  };
  return {
    id: engine,
    newName,
    pid,
    start(undo, name, plan) {
      const { status, stderr } = ran(engine, args(undo, name, plan, '-d'));
      if (status !== 0) throw new Error(`${engine} cannot start ${plan.command.join(' ')}: ${stderr}`);
    },
    run: (undo, name, plan) => ran(engine, args(undo, name, plan)),
    exec(name, command) {
      execFileSync(engine, [...RUNTIME[engine], 'exec', name, ...command], {
        stdio: ['ignore', 'ignore', 'pipe'],
      });
    },
    async stop(name) {
      await stopped(pid(name));
    },
  };
}

/** Where containerd listens: its own service, or the one that dockerd starts. */
const CONTAINERD = ['/run/containerd/containerd.sock', '/run/docker/containerd/containerd.sock'].find(
  (socket) => existsSync(socket),
);
const CTR = ['-a', CONTAINERD ?? '', '-n', 'callgate-test'];

export function hasContainerd(): boolean {
  return CONTAINERD !== undefined && ran('ctr', [...CTR, 'version']).status === 0;
}

/** containerd itself, by its own command line; no_new_privs is its default. */
export function containerdHost(root: string): Host {
  const args = (undo: Undo, name: string, plan: Plan, ...options: string[]) => {
    undo.defer(() => {
      for (const words of [
        ['tasks', 'kill', '-s', 'SIGKILL', name],
        ['tasks', 'delete', '-f', name],
        ['containers', 'delete', name],
      ])
        spawnSync('ctr', [...CTR, ...words], { stdio: 'ignore', timeout: TIME_LIMIT_MS });
    });
    return [
      ...CTR,
      'run',
      ...options,
      '--seccomp',
      ...(plan.seccomp ? ['--seccomp-profile', plan.seccomp] : []),
      ...(plan.noNewPrivs ? [] : ['--allow-new-privs']),
      ...['--mount', 'type=tmpfs,src=tmpfs,dst=/tmp,options=mode=1777', '--rootfs', root, name],
      ...plan.command,
    ];
  };
  const pid = (name: string) => {
    const { stdout } = ran('ctr', [...CTR, 'tasks', 'list']);
    return Number(new RegExp(`^${name}\\s+(\\d+)`, 'm').exec(stdout)?.[1]);
  };
  return {
    id: 'containerd',
    newName,
    pid,
    start(undo, name, plan) {
      const { status, stderr } = ran('ctr', args(undo, name, plan, '--detach'));
      if (status !== 0) throw new Error(`ctr cannot start ${plan.command.join(' ')}: ${stderr}`);
    },
    run: (undo, name, plan) => ran('ctr', args(undo, name, plan)),
    exec(name, command) {
      const words = [...CTR, 'tasks', 'exec', '--exec-id', newName(), name, ...command];
      execFileSync('ctr', words, { stdio: ['ignore', 'ignore', 'pipe'] });
    },
    async stop(name) {
      await stopped(pid(name));
    },
  };
}

/** What a container's processes may do; a user of the servers needs no more. */
const CAPABILITIES = ['CAP_SETUID', 'CAP_SETGID', 'CAP_CHOWN', 'CAP_DAC_OVERRIDE', 'CAP_NET_BIND_SERVICE'];

/** crun refuses machines with both versions of cgroups, so there it sees the second one only. */
const ONLY_CGROUP2 = 'umount -R /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup && exec "$@"';
const IS_HYBRID = existsSync('/sys/fs/cgroup/unified');
const RUNTIME_COMMAND: Readonly<Record<'runc' | 'crun', readonly [string, ...string[]]>> = {
  runc: ['runc'],
  crun: IS_HYBRID
    ? ['unshare', '-m', 'sh', '-c', ONLY_CGROUP2, 'sh', 'crun', '--cgroup-manager=disabled']
    : ['crun', '--cgroup-manager=disabled'],
};

const HOOKS_SAID = 'hooks-said';

/** A plain bundle and the runtime that reads it, with create and start as the engines do. */
export interface BundleHost extends Host {
  /** Creates the container; its process waits for begin(). */
  create(undo: Undo, name: string, plan: Plan): void;
  begin(name: string): void;
}

export function bundleHost(runtime: 'runc' | 'crun', root: string): BundleHost {
  const [command, ...global] = RUNTIME_COMMAND[runtime];
  const bundle = (undo: Undo, plan: Plan): string => {
    const folder = undo.folder();
    // crun drops what hooks say, unless it is told where that goes.
    const said =
      runtime === 'crun' && plan.stages ? { 'run.oci.hooks.stderr': join(folder, HOOKS_SAID) } : {};
    const { command: args, noNewPrivs, seccomp } = plan;
    const config = {
      ...ociConfig({
        command: args,
        root,
        path: '/usr/sbin:/usr/bin:/sbin:/bin',
        capabilities: CAPABILITIES,
        noNewPrivs,
        profile: seccomp,
      }),
      hooks: plan.stages,
      annotations: { ...plan.annotations, ...said },
    };
    writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
    return folder;
  };
  const forget = (undo: Undo, name: string) =>
    undo.defer(() => spawnSync(command, [...global, 'delete', '--force', name], { stdio: 'ignore' }));
  const pid = (name: string): number =>
    JSON.parse(ran(command, [...global, 'state', name]).stdout || '{"pid":0}').pid;
  const host: BundleHost = {
    id: runtime,
    newName,
    pid,
    create(undo, name, plan) {
      const folder = bundle(undo, plan);
      forget(undo, name);
      // The container keeps the descriptors that it is given, so a pipe would not end.
      const said = join(folder, 'said');
      const fd = openSync(said, 'w');
      const args = [...global, 'create', '--bundle', folder, name];
      const { status } = spawnSync(command, args, {
        stdio: ['ignore', 'ignore', fd],
        timeout: TIME_LIMIT_MS,
      });
      closeSync(fd);
      if (status !== 0) throw new Error(`${runtime} cannot create: ${readFileSync(said, 'utf8')}`);
    },
    begin(name) {
      const { status, stderr } = ran(command, [...global, 'start', name]);
      if (status !== 0) throw new Error(`${runtime} cannot start: ${stderr}`);
    },
    start(undo, name, plan) {
      host.create(undo, name, plan);
      host.begin(name);
    },
    run(undo, name, plan) {
      const folder = bundle(undo, plan);
      forget(undo, name);
      const result = ran(command, [...global, 'run', '--bundle', folder, name]);
      const said = join(folder, HOOKS_SAID);
      return existsSync(said) ? { ...result, stderr: result.stderr + readFileSync(said, 'utf8') } : result;
    },
    exec(name, words) {
      const args = [...global, 'exec', name, ...words];
      execFileSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    },
    async stop(name) {
      await stopped(pid(name));
    },
  };
  return host;
}

/** The page that every server gives. */
export const PAGE = 'callgate was here\n';
const PORT = 8080;

/** Servers that run in the root file system of makeRoot. */
export const SERVERS = {
  'busybox httpd': ['/bin/busybox', 'httpd', '-f', '-p', String(PORT), '-h', '/www'],
  nginx: ['/usr/sbin/nginx', '-c', '/etc/nginx.conf', '-e', 'stderr'],
} as const;

/** A configuration with one worker that stays in the foreground and writes below one folder. */
export function nginxConfig(listen: string, pages: string, writable: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `${kind}_temp_path ${writable}/${kind};`)
    .join(' ');
  return `daemon off; user root root; worker_processes 1; pid ${writable}/nginx.pid; error_log stderr;
events { worker_connections 64; }
http { access_log off; ${temporary} server { listen ${listen}; root ${pages}; } }
`;
}

/** Makes a root file system of busybox and, when asked, nginx with its libraries. */
export function makeRoot(undo: Undo, programs: { readonly nginx?: boolean } = {}): string {
  const root = undo.folder();
  for (const folder of ['bin', 'dev', 'proc', 'sys', 'tmp', 'etc', 'www', 'var/log/nginx', 'usr/sbin'])
    mkdirSync(join(root, folder), { recursive: true });
  copyFileSync(BUSYBOX, join(root, 'bin/busybox'));
  writeFileSync(join(root, 'www/index.html'), PAGE);
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/:/bin/sh\n');
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\n');
  if (!programs.nginx) return root;
  writeFileSync(join(root, 'etc/nginx.conf'), nginxConfig(String(PORT), '/www', '/tmp'));
  const nginx = execFileSync('sh', ['-c', 'command -v nginx'], { encoding: 'utf8' }).trim();
  copyFileSync(nginx, join(root, 'usr/sbin/nginx'));
  for (const [library] of execFileSync('ldd', [nginx], { encoding: 'utf8' }).matchAll(/\/\S+\.so\S*/g)) {
    mkdirSync(dirname(join(root, library)), { recursive: true });
    copyFileSync(library, join(root, library));
  }
  return root;
}

/** Asks the server in a process's network for its page, until it gives it. */
export async function serves(pid: number, times = 5): Promise<void> {
  const url = `http://127.0.0.1:${PORT}/index.html`;
  const ask = () =>
    spawnSync('nsenter', ['-t', String(pid), '-n', 'curl', '-s', '-m', '5', url], { encoding: 'utf8' });
  await until(`a page of the server ${pid}`, () => {
    if (!kill(pid, 0)) throw new Error(`the server ${pid} is gone`);
    return ask().stdout === PAGE;
  });
  for (let i = 1; i < times; i++)
    if (ask().stdout !== PAGE) throw new Error(`the server ${pid} gave another page`);
}
