import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { BUSYBOX } from './containers.ts';

const APPLETS = ['sh', 'cat', 'mkdir', 'rmdir', 'mkfifo', 'sleep', 'true', 'unshare'];

/** An image of programs of this machine, with the libraries that they need and a busybox. */
export class CopiedImage {
  readonly engine: 'docker' | 'podman';
  readonly tag: string;

  constructor(engine: 'docker' | 'podman', name: string) {
    this.engine = engine;
    this.tag = `callgate-test-${process.pid}-${name}`;
  }

  create(...programs: readonly string[]): void {
    const root = mkdtempSync(join(tmpdir(), 'callgate-image-'));
    const copy = (file: string) => {
      mkdirSync(join(root, dirname(file)), { recursive: true });
      copyFileSync(realpathSync(file), join(root, file));
    };
    try {
      copy(BUSYBOX);
      for (const applet of APPLETS) symlinkSync('busybox', join(root, 'bin', applet));
      mkdirSync(join(root, 'tmp'));
      for (const program of programs) {
        copy(program);
        const libraries = execFileSync('ldd', [program])
          .toString()
          .matchAll(/(\/\S+) \(0x/g);
        for (const [, library] of libraries) copy(library);
      }
      const archive = join(root, 'image.tar');
      execFileSync('tar', ['-C', root, '--exclude=./image.tar', '-cf', archive, '.']);
      execFileSync(this.engine, ['import', archive, this.tag], { stdio: ['ignore', 'ignore', 'pipe'] });
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  }

  remove(): void {
    execFileSync(this.engine, ['rmi', '-f', this.tag], { stdio: 'ignore' });
  }
}
