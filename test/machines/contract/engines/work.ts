import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

const BUSYBOX = '/bin/busybox';

/** Programs by their path in the container and on the machine, which is the same. */
function shell(script: string): readonly string[] {
  return [BUSYBOX, 'sh', '-c', script.replaceAll('bb ', `${BUSYBOX} `)];
}

const MAKE_AND_REMOVE = 'bb mkdir work && echo text >work/file && bb cat work/file && bb rm -r work';
/** It lingers in the end: an engine may lose what a container prints that is over at once (seen with Docker 26.1). */
const LINGER = 'bb sleep 0.2';
const STEPS = `cd /tmp && ${MAKE_AND_REMOVE} && bb uname -s && ${LINGER}`;

/** What containers do, with children, and what it prints. */
export const WORK = shell(STEPS);
/** The same outside of containers, in whose environment there is no folder either. */
export const WORK_OUTSIDE = [BUSYBOX, 'env', '-i', ...WORK];
export const WORK_PRINTS = 'text\nLinux\n';

/** A call that the work does not make; it prints nothing. */
export const FOREIGN = shell(
  `bb ln -s target /tmp/link && bb rm /tmp/link; status=$?; ${LINGER}; exit $status`,
);
export const FOREIGN_CALL = /^symlink(at)?$/;
export const FOREIGN_DENIED = /link.*(not permitted|not implemented)/;

/** Files of the container's /tmp by which it is told to work, and tells that it has. */
export const SIGNALS = { work: 'work-now', worked: 'worked' } as const;

/** The same in a running container when it is told to; and it goes on. */
export const WORK_WHEN_TOLD = shell(
  `until [ -e /tmp/${SIGNALS.work} ]; do bb sleep 0.05; done; bb env -i ${BUSYBOX} sh -c '${STEPS}'; ` +
    `: >/tmp/${SIGNALS.worked}; while :; do bb sleep 0.05; done`,
);

/** Tries to make a folder ten times a second, and goes on whatever comes of it. */
export const MKDIR_FOR_EVER = shell('while :; do bb mkdir /tmp/made 2>/dev/null; bb sleep 0.1; done');
/** Makes a folder, and prints nothing. */
export const MKDIR = shell(`bb mkdir /tmp/made; status=$?; ${LINGER}; exit $status`);

/** A root file system of BusyBox alone. */
export function makeRoot(folder: string): string {
  const root = join(folder, 'rootfs');
  for (const sub of ['bin', 'dev', 'proc', 'sys', 'tmp', 'etc'])
    mkdirSync(join(root, sub), { recursive: true });
  copyFileSync(BUSYBOX, join(root, BUSYBOX));
  return root;
}
