import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A program that needs no libraries, so that an image can be made of it without any registry. */
export const BUSYBOX = '/bin/busybox';

/** runc, because crun refuses machines with both versions of cgroups; the limits, because Podman would raise them. */
export const PODMAN_RUN = [
  ...(existsSync('/usr/sbin/runc') ? ['--runtime', '/usr/sbin/runc'] : []),
  'run',
  '--ulimit=nofile=1024:1024',
  '--ulimit=nproc=1000:1000',
  '--network=none',
];

const RUN = { docker: ['run', '--network=none'], podman: PODMAN_RUN };

/** An image and containers of it, which are removed in the end. */
export class Containers {
  private readonly engine: keyof typeof RUN;
  private readonly image: string;

  /** What the image is called. */
  get imageName(): string {
    return this.image;
  }

  private readonly names: string[] = [];

  constructor(engine: keyof typeof RUN) {
    this.engine = engine;
    this.image = `callgate-test-${process.pid}`;
  }

  /** Makes the image: busybox and nothing else. */
  create(): void {
    const root = mkdtempSync(join(tmpdir(), 'callgate-image-'));
    try {
      mkdirSync(join(root, 'bin'));
      copyFileSync(BUSYBOX, join(root, 'bin/busybox'));
      const archive = join(root, 'image.tar');
      execFileSync('tar', ['-C', root, '-cf', archive, 'bin']);
      execFileSync(this.engine, ['import', archive, this.image], { stdio: ['ignore', 'ignore', 'pipe'] });
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  }

  /** Starts a container that does nothing, with options such as `--security-opt seccomp=FILE`; its name. */
  start(...options: string[]): string {
    const name = `${this.image}-${this.names.length}`;
    this.names.push(name);
    const command = ['/bin/busybox', 'sleep', '600'];
    execFileSync(
      this.engine,
      [...RUN[this.engine], '-d', '--name', name, ...options, this.image, ...command],
      {
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    return name;
  }

  /** Starts a container in the background that runs a program to its end; its id. */
  run(options: readonly string[], command: readonly string[]): string {
    const args = [...RUN[this.engine], '-d', ...options, this.image, ...command];
    return execFileSync(this.engine, args, { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' }).trim();
  }

  stop(name: string): void {
    spawnSync(this.engine, ['kill', name], { stdio: 'ignore' });
  }

  remove(): void {
    // Podman would wait ten seconds for each, which does not mind SIGTERM.
    for (const name of this.names) this.stop(name);
    for (const name of this.names) spawnSync(this.engine, ['rm', '-f', '-v', name], { stdio: 'ignore' });
    spawnSync(this.engine, ['rmi', '-f', this.image], { stdio: 'ignore' });
  }
}
