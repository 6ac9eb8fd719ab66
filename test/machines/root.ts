import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { copyPayload, type Payload } from './payload.ts';

/** What a machine's own file system holds. */
export interface RootContent {
  readonly payload: Payload;
  /** Puts /bin/node, /bin/busybox, /bin/strace and their libraries into a folder. */
  programs(root: string): void;
}

/** Makes a root file system of a folder, with the payload in /callgate. */
export function makeRoot(root: string, { payload, programs }: RootContent): void {
  for (const sub of ['proc', 'sys', 'dev', 'tmp', 'etc', 'bin', 'root'])
    mkdirSync(join(root, sub), { recursive: true });
  programs(root);
  copyPayload(payload, join(root, 'callgate'));
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
}

/** Copies a program of this machine into a root, with the libraries that it is linked to. */
export function copyProgram(file: string, to: string, root: string): void {
  const put = (from: string, at: string) => {
    mkdirSync(dirname(join(root, at)), { recursive: true });
    copyFileSync(from, join(root, at));
  };
  put(file, to);
  for (const [, library] of libraries(file).matchAll(/(\/\S+) \(0x/g)) put(library!, library!);
}

/** A static program has none, of which ldd makes a failure. */
function libraries(file: string): string {
  try {
    return execFileSync('ldd', [file], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return '';
  }
}
