import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findProgram } from '@callgate/linux/internal/process/find-program';
import { kernelIn, unpacked } from '../debian.ts';
import type { Machine } from '../machine.ts';
import { runInQemu, X86_64 } from '../qemu.ts';

/** Debian's cloud kernels, by the release that they come with; all mount cgroup v2 alone. */
const KERNELS = [
  ['linux-5.10', 'bullseye'],
  ['linux-6.1', 'bookworm'],
  ['linux-6.12', 'trixie'],
  ['linux-newest', 'sid'],
] as const;

/** Other kernels under this machine's Node, BusyBox and strace. */
export const machines: readonly Machine[] = KERNELS.map(([name, suite]) => ({
  name,
  cost: '80 MB of disk, some minutes',
  async run(product, say) {
    say(`fetching ${suite}’s kernel`);
    const kernel = kernelIn(await unpacked(suite, 'amd64', ['linux-image-cloud-amd64']));
    return runInQemu(X86_64, kernel, { payload: await product.for('x64'), programs }, say);
  },
}));

function programs(root: string): void {
  copyWithLibraries(process.execPath, '/bin/node', root);
  for (const name of ['busybox', 'strace'])
    copyWithLibraries(findProgram(name, process.env.PATH), `/bin/${name}`, root);
}

function copyWithLibraries(file: string, to: string, root: string): void {
  const put = (from: string, at: string) => {
    mkdirSync(dirname(join(root, at)), { recursive: true });
    copyFileSync(from, join(root, at));
  };
  put(file, to);
  for (const [, library] of libraries(file).matchAll(/(\/\S+) \(0x/g)) put(library!, library!);
}

/** A static program has none, of which ldd makes a failure. */
function libraries(file: string): string {
  try {
    return execFileSync('ldd', [file], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return '';
  }
}
