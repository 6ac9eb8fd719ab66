import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { BUSYBOX } from './containers.ts';
import type { Undo } from './recorded.ts';

/** Makes a root file system of programs of this machine with the libraries that they need, busybox, and a few files. */
export function programRoot(
  undo: Undo,
  programs: readonly string[],
  files: Readonly<Record<string, string>> = {},
): string {
  const root = undo.folder();
  for (const folder of ['bin', 'dev', 'proc', 'sys', 'tmp', 'etc', 'run', 'var/log/nginx', 'var/lib/nginx'])
    mkdirSync(join(root, folder), { recursive: true });
  copyFileSync(BUSYBOX, join(root, 'bin/busybox'));
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/:/bin/sh\n');
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\n');
  for (const program of programs) copyInto(root, program);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

function copyInto(root: string, name: string): void {
  const program = execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim();
  const libraries = spawnSync('ldd', [program], { encoding: 'utf8' }).stdout.matchAll(/\/\S+\.so\S*/g);
  for (const file of [program, ...[...libraries].map(([path]) => path)]) {
    if (existsSync(join(root, file))) continue;
    mkdirSync(dirname(join(root, file)), { recursive: true });
    copyFileSync(file, join(root, file));
  }
}

let made = 0;

/** An image of Docker or Podman made of a root file system, without any registry; `changes` as `docker import --change` takes them. */
export function importedImage(
  undo: Undo,
  engine: 'docker' | 'podman',
  root: string,
  changes: readonly string[] = [],
): string {
  made += 1;
  const image = `callgate-programs-${process.pid}:${made}`;
  const archive = join(undo.folder(), 'image.tar');
  execFileSync('tar', ['-C', root, '-cf', archive, '.']);
  const args = ['import', ...changes.flatMap((change) => ['--change', change]), archive, image];
  execFileSync(engine, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  undo.defer(() => spawnSync(engine, ['rmi', '-f', image], { stdio: 'ignore' }));
  return image;
}
