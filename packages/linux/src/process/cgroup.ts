import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { leftBehindIn } from '../leavings/left-behind-in.ts';
import { ownName } from '../leavings/own-name.ts';

/** A cgroup-v2 folder of callgate's own, under the one that this process lives in; limits are inherited. */
export class Cgroup {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Throws what mkdir throws, such as EACCES for users that do not own the hierarchy. */
  static create(): Cgroup {
    const parent = ownCgroup() ?? '/nonexistent';
    removeAbandoned(parent);
    const path = join(parent, ownName('cgroup'));
    mkdirSync(path);
    return new Cgroup(path);
  }

  add(pid: number): void {
    writeFileSync(join(this.path, 'cgroup.procs'), String(pid));
  }

  pids(): number[] {
    return readFileSync(join(this.path, 'cgroup.procs'), 'latin1').split('\n').filter(Boolean).map(Number);
  }

  /** Whether any process lives in it or below it. */
  isPopulated(): boolean {
    return isPopulated(this.path);
  }

  killAll(): void {
    try {
      writeFileSync(join(this.path, 'cgroup.kill'), '1');
    } catch {
      // Linux before 5.14 has no cgroup.kill.
      for (const pid of this.pids()) process.kill(pid, 'SIGKILL');
    }
  }

  /** Removes the folder and those that the program made in it, once nobody lives there. */
  remove(): void {
    removeCgroup(this.path);
  }
}

/** Whether any process lives in a cgroup or below it; a folder that is gone has none. */
export function isPopulated(path: string): boolean {
  const events = join(path, 'cgroup.events');
  return existsSync(events) && readFileSync(events, 'latin1').includes('populated 1');
}

/** Removes a cgroup and those in it. Throws where somebody lives in one. */
export function removeCgroup(path: string): void {
  for (const entry of readdirSync(path, { withFileTypes: true }))
    if (entry.isDirectory()) removeCgroup(join(path, entry.name));
  rmdirSync(path);
}

/** The cgroup-v2 folder of this process; undefined where no such hierarchy is mounted. */
export function ownCgroup(): string | undefined {
  const mount = readFileSync('/proc/self/mountinfo', 'latin1')
    .split('\n')
    .map((line) => line.split(' '))
    .find((fields) => fields[fields.indexOf('-') + 1] === 'cgroup2')?.[4];
  const own = /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'latin1'))?.[1];
  return mount !== undefined && own !== undefined ? join(mount, own) : undefined;
}

/** Removes folders that a callgate which was killed has left behind, once nobody lives in them. */
function removeAbandoned(parent: string): void {
  for (const folder of leftBehindIn(parent))
    try {
      removeCgroup(folder);
    } catch {
      // What it recorded still runs there.
    }
}
