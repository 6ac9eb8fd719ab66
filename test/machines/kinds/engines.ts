import { AREAS, ENGINE_AREAS } from '../contract/finding.ts';
import { expectFolders, runInFolder } from '../folder.ts';
import { goInstalled } from '../go.ts';
import type { Machine } from '../machine.ts';

/** Engines that no Debian has yet, from their owners' Go modules, with the tags that do without what is rarely installed. */
const NEWEST = [
  { module: 'github.com/opencontainers/runc', version: 'v1.5.3', tags: 'seccomp', programs: ['.'] },
  {
    module: 'github.com/containerd/containerd/v2',
    version: 'v2.4.2',
    tags: 'no_btrfs',
    programs: ['cmd/containerd', 'cmd/containerd-shim-runc-v2', 'cmd/ctr'],
  },
  {
    module: 'github.com/moby/moby/v2',
    version: 'v2.0.0-beta.24',
    tags: 'seccomp,no_btrfs,exclude_graphdriver_btrfs',
    programs: ['cmd/dockerd'],
  },
] as const;

/** Docker 29 with its containerd and runc, on this machine's own system and below its client; Podman and crun are the system's. */
export const machines: readonly Machine[] = [
  {
    name: 'engines-newest',
    cost: '3 GB of disk, a quarter of an hour',
    areas: [...AREAS, ...ENGINE_AREAS],
    async run(product, say) {
      expectFolders();
      say('building the engines');
      const programs = await goInstalled(NEWEST);
      const payload = await product.for('x64');
      say('running the contract');
      return runInFolder('/', { node: process.execPath, payload, programs }, say);
    },
  },
];
