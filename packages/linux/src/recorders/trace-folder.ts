import { existsSync } from 'node:fs';
import { join } from 'node:path';

const FOLDERS = ['/sys/kernel/tracing', '/sys/kernel/debug/tracing'];

/** Where tracefs is mounted; undefined where it is not. */
export function traceFolder(): string | undefined {
  return FOLDERS.find((folder) => existsSync(join(folder, 'instances')));
}
