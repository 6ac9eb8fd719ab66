import { closeSync, constants, fstatSync, lstatSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { NoFile, readSmallFile } from './read-file.ts';
import { handleOf, replaceIn } from './replace-file.ts';

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants;
/** Of new files, whatever the umask of the runtime that starts the hook. */
const OWNER_WRITES = 0o644;
const STICKY = 0o1000;
/** Who else may write. */
const GROUP_OR_OTHERS = 0o022;

/**
 * A folder of which others may name files, such as containers by an annotation. Nothing outside of it can be reached: no
 * part of a name may be a link or "..", whoever makes them and when.
 */
export class GuardedFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Throws NoFile unless the folder is one that only this user, or root, can write to. */
  check(): void {
    closeSync(this.open());
  }

  /** Writes a file whole or not at all. Throws NoFile, or what the operating system says. */
  write(name: string, content: string): void {
    this.within(name, (folder, base) => replaceIn(folder, base, content, OWNER_WRITES));
  }

  /** The bytes of a regular file; undefined when there is none of at most so many. Throws NoFile. */
  read(name: string, most: number): Buffer | undefined {
    return this.within(name, (folder, base) => readSmallFile(join(folder, base), most, O_NOFOLLOW));
  }

  /** Throws NoFile unless a file of that name is there or could be made. */
  expectFileOrNone(name: string): void {
    this.within(name, (folder, base) => {
      const found = lstatSync(join(folder, base), { throwIfNoEntry: false });
      if (found && !found.isFile()) throw new NoFile('it is no regular file');
    });
  }

  private within<T>(name: string, action: (folder: string, base: string) => T): T {
    const parts = this.parts(name);
    let fd = this.open();
    try {
      for (const part of parts.slice(0, -1)) {
        const inner = openFolder(`${handle(fd)}/${part}`);
        closeSync(fd);
        fd = inner;
      }
      return action(handle(fd), parts.at(-1)!);
    } finally {
      closeSync(fd);
    }
  }

  /** The parts of a name, which may begin with the folder's own. */
  private parts(name: string): string[] {
    const inside = name.startsWith(`${this.path}/`) ? name.slice(this.path.length + 1) : name;
    const parts = inside.split('/');
    if (inside.startsWith('/') || parts.some((part) => part === '' || part === '.' || part === '..'))
      throw new NoFile(`it is not in ${this.path}, the folder that the hook was installed for`);
    return parts;
  }

  /** Every folder on the way is one that nobody else can put another one in the place of. */
  private open(): number {
    const names = this.path.split('/').filter((name) => name !== '');
    let fd = openFolder('/');
    for (const [i, name] of names.entries()) {
      const inner = openFolder(`${handle(fd)}/${name}`);
      closeSync(fd);
      fd = inner;
      if (isGuarded(fd, i === names.length - 1)) continue;
      closeSync(fd);
      throw new NoFile(`others may write to /${names.slice(0, i + 1).join('/')}`);
    }
    return fd;
  }
}

/** Whether only this user, or root, can write to a folder. Of one that others share, such as /tmp, nobody moves what is mine. */
function isGuarded(fd: number, isLast: boolean): boolean {
  const { uid, mode } = fstatSync(fd);
  const isShared = !isLast && (mode & STICKY) !== 0;
  return (uid === 0 || uid === process.geteuid!()) && (isShared || (mode & GROUP_OR_OTHERS) === 0);
}

function openFolder(path: string): number {
  try {
    return openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  } catch {
    throw new NoFile('its folder does not exist');
  }
}

function handle(fd: number): string {
  const path = handleOf(fd);
  if (path === undefined) throw new NoFile('/proc is not there');
  return path;
}
