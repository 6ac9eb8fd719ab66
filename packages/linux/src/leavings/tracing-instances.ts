import { accessSync, constants, rmdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { mountPoints } from '../process/mount-points.ts';
import type { Finder } from './leaving.ts';
import { leftBehindIn } from './left-behind-in.ts';

/** Instances of tracefs. */
export const tracingInstances: Finder = {
  id: 'tracing',

  async find() {
    const folders = mountPoints(/^tracefs$/).map((folder) => join(folder, 'instances'));
    if (!folders.every(isReadable)) return { leavings: [], unseen: ['tracing instances: that needs root'] };
    // The same ones may be mounted in several places.
    const names = new Map(folders.flatMap(leftBehindWithName));
    return {
      leavings: [...names.values()].map((name) => ({ kind: 'tracing instance', name })),
      unseen: [],
    };
  },

  async remove({ name }) {
    rmdirSync(name);
  },
};

function leftBehindWithName(folder: string): (readonly [name: string, path: string])[] {
  return leftBehindIn(folder).map((path) => [basename(path), path]);
}

function isReadable(folder: string): boolean {
  try {
    accessSync(folder, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}
