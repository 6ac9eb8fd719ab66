import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  openSync,
  readlinkSync,
  renameSync,
  rmSync,
  type Stats,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { ownName } from '../leavings/own-name.ts';

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

/** As many links as the kernel follows. */
const MOST_LINKS = 40;
/** Of a temporary file's name, which may have 255 bytes in all. */
const LONGEST_NAME = 100;

/**
 * Writes a file whole or not at all: a temporary file beside it, flushed, then renamed. Who owns an existing file and its
 * mode stay. A symbolic link keeps pointing to what is written, unless it is somebody else's; a device, a pipe and
 * /dev/stdout are written to as they are. Throws what the operating system says.
 */
export function replaceFile(path: string, content: string | Uint8Array): void {
  const target = followOwnLinks(resolve(path));
  if (target.startsWith('/proc/')) {
    appendFileSync(target, content);
    return;
  }
  const folder = openSync(dirname(target), O_RDONLY | O_DIRECTORY);
  try {
    // From here on a folder that somebody moves or replaces is still the one that was opened.
    const handle = handleOf(folder) ?? dirname(target);
    const existing = lstatSync(join(handle, basename(target)), { throwIfNoEntry: false });
    if (existing && !existing.isFile() && !existing.isSymbolicLink())
      writeSpecial(join(handle, basename(target)), content);
    else replaceIn(handle, basename(target), content);
    tryTo(() => fsyncSync(folder), 'EINVAL');
  } finally {
    closeSync(folder);
  }
}

/** The same for a regular file of a folder that is open, or for a new one of that mode; what else stands there is refused. */
export function replaceIn(folder: string, name: string, content: string | Uint8Array, newMode = 0o666): void {
  const existing = lstatSync(join(folder, name), { throwIfNoEntry: false });
  if (existing && !existing.isFile()) throw fault('EEXIST', 'it is no regular file');
  const start = Buffer.from(name).toString('utf8', 0, LONGEST_NAME);
  const temporary = join(folder, `.${start}.${randomBytes(9).toString('base64url')}.${ownName('part')}`);
  const fd = openSync(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, existing ? 0o600 : newMode);
  try {
    try {
      writeFileSync(fd, content);
      if (existing) keepOwnerAndMode(fd, existing);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, join(folder, name));
  } catch (problem) {
    rmSync(temporary, { force: true });
    throw problem;
  }
}

/** The path that open descriptors have, so that it is the folder itself and no name of it; undefined without /proc. */
export function handleOf(fd: number): string | undefined {
  const handle = `/proc/self/fd/${fd}`;
  return existsSync(handle) ? handle : undefined;
}

/** The file that a path means when links at its end are followed; a link that another user has made is refused. */
export function followOwnLinks(path: string): string {
  let target = path;
  for (let links = 0; links <= MOST_LINKS; links++) {
    const found = lstatSync(target, { throwIfNoEntry: false });
    // What stands in /proc are no links to names, but descriptors, such as /dev/stdout.
    if (!found?.isSymbolicLink() || target.startsWith('/proc/')) return target;
    if (found.uid !== 0 && found.uid !== process.geteuid!())
      throw fault('EACCES', 'it is a symbolic link of another user');
    target = resolve(dirname(target), readlinkSync(target));
  }
  throw fault('ELOOP', 'too many symbolic links');
}

function keepOwnerAndMode(fd: number, { uid, gid, mode }: Stats): void {
  const own = fstatSync(fd);
  // Only root may give a file away; a user's new file is his, as with every editor.
  if (own.uid !== uid || own.gid !== gid) tryTo(() => fchownSync(fd, uid, gid), 'EPERM');
  fchmodSync(fd, mode & 0o777);
}

function tryTo(action: () => void, unless: string): void {
  try {
    action();
  } catch (problem) {
    if ((problem as NodeJS.ErrnoException).code !== unless) throw problem;
  }
}

/** A pipe that nobody reads is an error at once; where somebody reads, writing waits for him. */
function writeSpecial(path: string, content: string | Uint8Array): void {
  const held = openSync(path, O_WRONLY | O_NONBLOCK | O_NOFOLLOW);
  try {
    if (fstatSync(held).isFile()) throw fault('EEXIST', 'it has just become another file');
    writeFileSync(handleOf(held) ?? held, content);
  } finally {
    closeSync(held);
  }
}

function fault(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
