import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readFindings } from '../contract/finding.ts';
import type { Machine } from '../machine.ts';
import { nodeOf } from '../node-release.ts';

const RELEASES = ['20.19', '22', '24', '26'];

/** The releases of Node that people have, on this machine. */
export const machines: readonly Machine[] = RELEASES.map((release) => ({
  name: `node-${release}`,
  cost: '110 MB of disk, a minute',
  async run(product, say) {
    say(`fetching Node ${release}`);
    const node = await nodeOf(release, 'x64');
    const { folder, callgate } = await product.for('x64');
    say('running the contract');
    const args = ['contract.mjs', join(folder, callgate), 'rows.json', '/bin/busybox'];
    return readFindings((await promisify(execFile)(node, args, { cwd: folder })).stdout);
  },
}));
