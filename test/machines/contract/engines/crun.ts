import { bundleHost } from './bundle-host.ts';
import type { Engine } from './engine.ts';

/** crun by itself, with plain bundles. */
export const crun: Engine = {
  area: 'crun',
  programs: ['crun'],
  async open(root, folder) {
    return bundleHost('crun', ['--cgroup-manager=disabled'], root, folder);
  },
};
