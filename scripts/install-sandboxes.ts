/**
 * Puts programs of other sandboxes into a folder of programs, beside whose filters callgate's reading of their lists is tested:
 * minijail0 of Debian's newest suite with its own libraries, and snap-seccomp. CI calls it; nothing else of them is installed.
 *
 *     npx tsx -C @callgate/source scripts/install-sandboxes.ts /usr/local/bin
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { unpacked } from '../test/machines/debian.ts';

const [, , target] = process.argv;
if (target === undefined) throw new Error('name the folder of programs');

const minijail = await unpacked('sid', 'amd64', ['minijail', 'libminijail-dev', 'libc6', 'libcap2']);
const libraries = join(minijail, 'usr/lib/x86_64-linux-gnu');
// It is linked to a libc that is newer than this machine's.
install(
  'minijail0',
  `${libraries}/ld-linux-x86-64.so.2 --library-path ${libraries} ${minijail}/usr/bin/minijail0`,
);
const snapd = await unpacked('bookworm', 'amd64', ['snapd']);
install('snap-seccomp', join(snapd, 'usr/lib/snapd/snap-seccomp'));

function install(name: string, command: string): void {
  writeFileSync(join(target!, name), `#!/bin/sh\nexec ${command} "$@"\n`, { mode: 0o755 });
}
