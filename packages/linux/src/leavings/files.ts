import { rmSync } from 'node:fs';
import { mountPoints } from '../process/mount-points.ts';
import type { Finder } from './leaving.ts';
import { leftBehindIn } from './left-behind-in.ts';
import { haveDone } from './lines-of.ts';
import { temporaryPlaces } from './temporary-folder.ts';

/** Where podman and CRI-O look for OCI hooks, and where `hook install` lets profiles be written. */
const HOOK_FOLDERS = [
  '/etc/containers/oci/hooks.d',
  '/usr/share/containers/oci/hooks.d',
  '/var/lib/callgate/profiles',
];

/**
 * Temporary folders, hooks of the OCI, and files that were about to replace others; these lie beside the other ones, so they are
 * found in the folders that are named, too.
 */
export function filesIn(folders: readonly string[]): Finder {
  return {
    id: 'files',

    async find() {
      const places = new Set([...temporaryPlaces(), '/tmp', ...HOOK_FOLDERS, ...folders]);
      const paths = new Set([...places].flatMap((place) => leftBehindIn(place)));
      return { leavings: [...paths].map((name) => ({ kind: 'file', name })), unseen: [] };
    },

    async remove({ name: path }) {
      // What is mounted there, such as the files of an image, is not callgate's.
      const mounted = mountPoints().filter((place) => place === path || place.startsWith(`${path}/`));
      for (const place of mounted.toReversed()) await haveDone(['umount', place]);
      rmSync(path, { recursive: true, force: true });
    },
  };
}
