import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Why a command cannot be started, and the exit status that a shell gives for it. */
export class NoSuchProgram extends Error {
  readonly status: 126 | 127;
  constructor(message: string, status: 126 | 127) {
    super(message);
    this.status = status;
  }
}

/** Where programs are looked for when there is no PATH. */
const DEFAULT_PATH = '/usr/local/bin:/usr/bin:/bin';

/** The file that a shell would run for a command: the name itself when it has a slash, else the first in PATH. */
export function findProgram(name: string, path = DEFAULT_PATH): string {
  if (name === '') throw new NoSuchProgram('the empty name: command not found', 127);
  if (name.includes('/')) {
    const fault = whyNotExecutable(name);
    if (fault) throw fault;
    return name;
  }
  let found: NoSuchProgram | undefined;
  for (const folder of path.split(':')) {
    const file = join(folder || '.', name);
    const fault = whyNotExecutable(file);
    if (!fault) return file;
    // A folder that may not be searched hides nothing that could be run.
    if (fault.status === 126 && existsSync(file)) found = fault;
  }
  throw found ?? new NoSuchProgram(`${name}: command not found`, 127);
}

function whyNotExecutable(file: string): NoSuchProgram | undefined {
  try {
    if (statSync(file).isDirectory()) return new NoSuchProgram(`${file}: is a directory`, 126);
    accessSync(file, constants.X_OK);
    return undefined;
  } catch (fault) {
    const missing = ['ENOENT', 'ENOTDIR'].includes((fault as NodeJS.ErrnoException).code ?? '');
    return missing
      ? new NoSuchProgram(`${file}: no such file`, 127)
      : new NoSuchProgram(`${file}: permission denied`, 126);
  }
}
