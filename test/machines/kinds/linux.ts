import { findProgram } from '@callgate/linux/internal/process/find-program';
import { kernelIn, unpacked } from '../debian.ts';
import type { Machine } from '../machine.ts';
import { runInQemu, X86_64 } from '../qemu.ts';
import { copyProgram } from '../root.ts';

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
  copyProgram(process.execPath, '/bin/node', root);
  for (const name of ['busybox', 'strace'])
    copyProgram(findProgram(name, process.env.PATH), `/bin/${name}`, root);
}
