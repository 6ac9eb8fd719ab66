import { existsSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { leftBehindIn } from '../../leavings/left-behind-in.ts';
import { temporaryFolder } from '../../leavings/temporary-folder.ts';
import { libc, SyscallError } from '../../libc.ts';
import { nativeNumber } from '../../machine.ts';

const AT_FDCWD = -100;
const S_IFIFO_0600 = 0o010600;
const PIPE = 'log';
const KIND = 'strace';

/** A named pipe that strace writes to, in a folder of its own. */
export class StracePipe {
  readonly path: string;
  readonly folder: string;

  constructor() {
    removeAbandoned(tmpdir());
    this.folder = temporaryFolder(KIND);
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
  for (const folder of leftBehindIn(parent, KIND))
    try {
      removeFolder(folder);
    } catch {
      // Another callgate has just removed it.
    }
}

/** The pipe and its folder alone, whatever else may lie there. */
function removeFolder(folder: string): void {
  rmSync(join(folder, PIPE), { force: true });
  if (existsSync(folder)) rmdirSync(folder);
}
