import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from '@callgate/linux/internal/process/find-program';
import { runInChroot } from '../chroot.ts';
import { unpacked } from '../debian.ts';
import type { Machine } from '../machine.ts';
import { copyNode, nodeWheel } from '../node-wheel.ts';
import { copyProgram } from '../root.ts';

const NODE = '24.19.0';

/** callgate and Node with musl for a C library, as in Alpine Linux; BusyBox and strace are this machine's. */
export const machines: readonly Machine[] = [
  {
    name: 'musl',
    cost: '220 MB of disk, a minute',
    async run(product, say) {
      say(`fetching Node ${NODE} and musl`);
      const node = await nodeWheel(NODE, 'musllinux_1_2_x86_64');
      // Under Debian 12's musl 1.2.3 this Node crashes.
      const musl = await unpacked('trixie', 'amd64', ['musl']);
      const programs = (root: string) => {
        cpSync(join(musl, 'usr/lib'), join(root, 'lib'), { recursive: true, verbatimSymlinks: true });
        copyNode(node, root);
        for (const name of ['busybox', 'strace'])
          copyProgram(findProgram(name, process.env.PATH), `/bin/${name}`, root);
      };
      const payload = await product.for('x64');
      say('running the contract');
      return runInChroot({ payload, programs });
    },
  },
];
