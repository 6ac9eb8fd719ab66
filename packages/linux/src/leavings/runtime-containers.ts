import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type OciRuntime, runtimeCommand } from '../container/oci-container.ts';
import type { Finder, Leaving } from './leaving.ts';
import { leftBehindIn } from './left-behind-in.ts';
import { haveDone } from './lines-of.ts';
import { temporaryPlaces } from './temporary-folder.ts';

/** Where runc and crun keep what they know of root's containers when nobody says otherwise. */
const USUAL_ROOTS = ['/run/runc', '/run/crun'];
/** The file by which each knows a container, in a folder of the container's name. */
const STATES: Readonly<Record<string, OciRuntime>> = { 'state.json': 'runc', status: 'crun' };
/** How deep below a folder of callgate's the state lies at most, and what is not looked into. */
const DEPTH = 3;
const ROOT_FILE_SYSTEM = 'rootfs';

/** Containers that a runtime was asked for without an engine: its state lies in a temporary folder of callgate's. */
export const runtimeContainers: Finder = {
  id: 'runtimes',

  async find() {
    const own = temporaryPlaces()
      .flatMap((place) => leftBehindIn(place))
      .flatMap((folder) => statesBelow(folder, DEPTH));
    const usual = USUAL_ROOTS.flatMap((root) => leftBehindIn(root)).flatMap((folder) =>
      statesBelow(folder, 0),
    );
    return { leavings: [...own, ...usual], unseen: [] };
  },

  async remove({ name, where }) {
    const [program, ...options] = runtimeCommand(runtimeOf(where!)!);
    await haveDone([program, ...options, '--root', dirname(where!), 'delete', '--force', name]);
  },
};

function statesBelow(folder: string, depth: number): Leaving[] {
  if (runtimeOf(folder)) return [{ kind: 'container', name: basename(folder), where: folder }];
  if (depth === 0) return [];
  return foldersIn(folder).flatMap((inner) => statesBelow(join(folder, inner), depth - 1));
}

function runtimeOf(folder: string): OciRuntime | undefined {
  const file = Object.keys(STATES).find((name) => existsSync(join(folder, name)));
  return file === undefined ? undefined : STATES[file];
}

function foldersIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && entry.name !== ROOT_FILE_SYSTEM)
      .map(({ name }) => name);
  } catch {
    return [];
  }
}
