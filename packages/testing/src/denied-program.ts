import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** Compiles denied-program.c into a folder, under a name that nobody else's process has; its path. */
export function compileDeniedProgram(folder: string): string {
  const path = join(folder, `denied-${process.pid}`);
  execFileSync('gcc', ['-O1', '-static', '-o', path, join(import.meta.dirname, 'denied-program.c')]);
  return path;
}
