import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ownName } from './own-name.ts';

/** Names that somebody else may have taken before. */
const MOST_TRIES = 100;

/** Where callgate may make temporary folders, the best first: some forbid execution, or are not there. */
export function temporaryPlaces(): string[] {
  const places = [tmpdir(), process.env.XDG_RUNTIME_DIR, '/dev/shm', '/var/tmp'];
  return [...new Set(places.filter((place) => place !== undefined))];
}

/** Makes a folder that nobody else can look into, with a name of `ownName`. Throws what the operating system says. */
export function temporaryFolder(kind: string, place: string = tmpdir()): string {
  for (let tries = 1; ; tries++) {
    const path = join(place, ownName(kind));
    try {
      mkdirSync(path, { mode: 0o700 });
      return path;
    } catch (fault) {
      if ((fault as NodeJS.ErrnoException).code !== 'EEXIST' || tries === MOST_TRIES) throw fault;
    }
  }
}
