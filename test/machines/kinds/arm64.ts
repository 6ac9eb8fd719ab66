import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { kernelIn, unpacked } from '../debian.ts';
import type { Machine } from '../machine.ts';
import { nodeOf } from '../node-release.ts';
import { AARCH64, runInQemu } from '../qemu.ts';

const PROGRAMS = ['busybox-static', 'strace', 'libunwind8', 'liblzma5'];
/** What Node is linked to. */
const LIBRARIES = ['libc6', 'libstdc++6', 'libgcc-s1', 'libatomic1', 'libseccomp2'];
const KERNELS = [
  ['arm64-6.1', 'bookworm'],
  ['arm64-6.12', 'trixie'],
] as const;

/** arm64 with Debian's programs and Node 20; its kernels run arm programs of 32 bits, too. */
export const machines: readonly Machine[] = KERNELS.map(([name, suite]) => ({
  name,
  cost: '250 MB of disk, ten minutes',
  async run(product, say) {
    say(`fetching ${suite}’s kernel, and Debian’s programs`);
    const kernel = kernelIn(await unpacked(suite, 'arm64', ['linux-image-cloud-arm64']));
    const debian = await unpacked('bookworm', 'arm64', [...PROGRAMS, ...LIBRARIES]);
    const node = await nodeOf('20', 'arm64');
    const programs = (root: string) => {
      for (const [from, to] of [
        ['lib', 'lib'],
        ['usr/lib', 'usr/lib'],
        ['bin/busybox', 'bin/busybox'],
        ['usr/bin/strace', 'bin/strace'],
      ] as const)
        cpSync(join(debian, from), join(root, to), { recursive: true, verbatimSymlinks: true });
      cpSync(node, join(root, 'bin/node'));
    };
    return runInQemu(AARCH64, kernel, { payload: await product.for('arm64'), programs }, say);
  },
}));
