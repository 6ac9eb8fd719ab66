import { existsSync, lstatSync, mkdtempSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { libc, SyscallError } from '../../libc.ts';
import { nativeNumber } from '../../machine.ts';

const AT_FDCWD = -100;
const S_IFIFO_0600 = 0o010600;
const PIPE = 'log';
const FOLDER = /^callgate-strace-(\d+)-/;
/** A callgate in another pid namespace may share the folder, and cannot be seen here. */
const YOUNG_MS = 60_000;

/** A named pipe that strace writes to, in a folder of its own. */
export class StracePipe {
  readonly path: string;
  readonly folder: string;

  constructor() {
    removeAbandoned(tmpdir());
    this.folder = mkdtempSync(join(tmpdir(), `callgate-strace-${process.pid}-`));
    this.path = join(this.folder, PIPE);
    const c = libc();
    if (c.syscall(nativeNumber('mknodat'), AT_FDCWD, Buffer.from(`${this.path}\0`), S_IFIFO_0600, 0) === 0)
      return;
    const errno = c.errno();
    this.remove();
    throw new SyscallError('making a named pipe', errno);
  }

  remove(): void {
    removeFolder(this.folder);
  }
}

/** Removes folders that a callgate of the same user which was killed has left behind. */
function removeAbandoned(parent: string): void {
  for (const name of readdirSync(parent)) {
    const owner = FOLDER.exec(name)?.[1];
    if (owner === undefined || existsSync(`/proc/${owner}`)) continue;
    const folder = join(parent, name);
    try {
      if (isOldAndOwn(folder)) removeFolder(folder);
    } catch {
      // Another callgate has just removed it.
    }
  }
}

function isOldAndOwn(folder: string): boolean {
  const { uid, mtimeMs } = lstatSync(folder);
  return uid === process.getuid?.() && Date.now() - mtimeMs > YOUNG_MS;
}

/** The pipe and its folder alone, whatever else may lie there. */
function removeFolder(folder: string): void {
  rmSync(join(folder, PIPE), { force: true });
  if (existsSync(folder)) rmdirSync(folder);
}
