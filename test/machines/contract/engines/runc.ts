import { bundleHost } from './bundle-host.ts';
import type { Engine } from './engine.ts';

/** runc by itself, with plain bundles. */
export const runc: Engine = {
  area: 'runc',
  programs: ['runc'],
  async open(root, folder) {
    return bundleHost('runc', [], root, folder);
  },
};
