import { AREAS, ENGINE_AREAS } from '../contract/finding.ts';
import { debianWith, expectFolders, runInFolder } from '../folder.ts';
import type { Machine } from '../machine.ts';
import { nodeOf } from '../node-release.ts';

const NEEDED = ['strace', 'busybox-static', 'ca-certificates'];
const ENGINES = ['docker.io', 'podman', 'containerd', 'runc', 'crun'];
/** Before, Docker's client came with its daemon, and Podman did without. */
const SINCE_TRIXIE = ['docker-cli', 'netavark'];

const SUITES = [
  ['bullseye', []],
  ['trixie', SINCE_TRIXIE],
  ['sid', SINCE_TRIXIE],
] as const;

/** Other Debians on this machine's kernel, with their container engines, C library and libseccomp. */
export const machines: readonly Machine[] = SUITES.map(([suite, more]) => ({
  name: `debian-${suite}`,
  cost: '700 MB of disk, some minutes',
  areas: [...AREAS, ...ENGINE_AREAS],
  async run(product, say) {
    expectFolders();
    say(`fetching Debian’s ${suite}`);
    const folder = await debianWith(suite, [...NEEDED, ...ENGINES, ...more]);
    const node = await nodeOf('20.19', 'x64');
    const payload = await product.for('x64');
    say('running the contract');
    return runInFolder(folder, { node, payload }, say);
  },
}));
