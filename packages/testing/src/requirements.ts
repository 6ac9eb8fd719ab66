import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ebpf } from '@callgate/linux/internal/recorders/ebpf/ebpf';
import { log } from '@callgate/linux/internal/recorders/logs/log';
import { tracefs } from '@callgate/linux/internal/recorders/logs/tracefs';
import { describe, it } from 'vitest';
import { BUSYBOX, PODMAN_RUN } from './containers.ts';
import { hasContainerd } from './served.ts';

/** Real parts that a test may need; CALLGATE_REQUIRE=root,ebpf,… makes a missing one a failure instead of a skip. */
const PROBES = {
  root: () => process.getuid?.() === 0,
  ebpf: () => ebpf.unavailable() === undefined,
  tracefs: () => tracefs.unavailable() === undefined,
  audit: () => log.unavailable() === undefined,
  strace: () => hasCommand('strace'),
  /** Lists the BPF programs that the kernel holds. */
  bpftool: () => hasCommand('bpftool'),
  gcc: () => hasCommand('gcc'),
  libseccomp: () => existsSync('/usr/lib/x86_64-linux-gnu/libseccomp.so.2'),
  docker: () => spawnSync('docker', ['info'], { stdio: 'ignore' }).status === 0,
  podman: () => podmanStarts(),
  containerd: () => hasContainerd(),
  runc: () => hasCommand('runc'),
  crun: () => hasCommand('crun'),
  nginx: () => hasCommand('nginx'),
  redis: () => hasCommand('redis-server') && hasCommand('redis-cli'),
  /** A registry of the distribution project, and a client of its own kind. */
  'docker-registry': () => hasCommand('docker-registry'),
  skopeo: () => hasCommand('skopeo'),
  'docker-compose': () => hasCommand('docker-compose'),
  bwrap: () => hasCommand('bwrap'),
  busybox: () => existsSync(BUSYBOX),
  python3: () => hasCommand('python3'),
  /** Of Debian's package prometheus. */
  promtool: () => hasCommand('promtool'),
  curl: () => hasCommand('curl'),
  openssl: () => hasCommand('openssl'),
  kubectl: () => hasCommand('kubectl'),
  git: () => hasCommand('git'),
  go: () => hasCommand('go'),
  actionlint: () => hasCommand('actionlint'),
  /** Runs workflows of GitHub Actions here. */
  act: () => hasCommand('act'),
  'pre-commit': () => hasCommand('pre-commit'),
  /** Runs programs of other machines, for the code that callgate writes for these. */
  qemu: () => hasCommand('qemu-aarch64-static') && hasCommand('qemu-arm-static'),
  /** taskset, nsenter. */
  'util-linux': () => hasCommand('taskset') && hasCommand('nsenter'),
  /** A compiler for static i386 programs, which needs more than the kernel's i386. */
  'gcc-m32': () => linksStaticI386(),
  'systemd-analyze': () => hasCommand('systemd-analyze'),
  /** Starts containers as root. */
  'lxc-execute': () => hasCommand('lxc-execute'),
  minijail0: () => hasCommand('minijail0'),
  /** kafel's policies. */
  nsjail: () => hasCommand('nsjail'),
  'snap-seccomp': () => hasCommand('snap-seccomp'),
  fseccomp: () => hasCommand('/usr/lib/x86_64-linux-gnu/firejail/fseccomp'),
  i386: () => process.arch === 'x64' && !spawnSync('true').error,
} satisfies Record<string, () => boolean>;

export type Requirement = keyof typeof PROBES;

function hasCommand(name: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${name}`]).status === 0;
}

function linksStaticI386(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'callgate-m32-'));
  try {
    const args = ['-m32', '-static', '-x', 'c', '-o', join(folder, 'program'), '-'];
    const input = 'int main() { return 0; }';
    return spawnSync('gcc', args, { input, stdio: ['pipe', 'ignore', 'ignore'] }).status === 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Podman may be installed where its containers cannot start, for want of cgroups that it likes. */
function podmanStarts(): boolean {
  // Others than root can only import images where user ids are set aside for them.
  if (process.geteuid!() !== 0 || !hasCommand('podman') || !hasCommand(BUSYBOX)) return false;
  const folder = mkdtempSync(join(tmpdir(), 'callgate-podman-'));
  try {
    copyFileSync(BUSYBOX, join(folder, 'busybox'));
    const args = [...PODMAN_RUN, '--rm', '--rootfs', folder, '/busybox', 'true'];
    return spawnSync('podman', args, { stdio: 'ignore', timeout: 60_000 }).status === 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** describe(), for tests that need those parts. */
export function describeWith(needs: readonly Requirement[], name: string, body: () => void): void {
  const missing = needs.filter((need) => !PROBES[need]());
  const required = (process.env.CALLGATE_REQUIRE ?? '').split(',');
  const demanded = missing.filter((need) => required.includes(need) || required.includes('all'));
  if (demanded.length > 0) {
    it(`${name}: needs ${demanded.join(', ')}`, () => {
      throw new Error(`CALLGATE_REQUIRE demands ${demanded.join(', ')}, which this machine lacks`);
    });
  } else if (missing.length > 0) describe.skip(`${name} (needs ${missing.join(', ')})`, body);
  else describe(name, body);
}
