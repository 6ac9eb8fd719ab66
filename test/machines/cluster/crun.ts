import { writeFileSync } from 'node:fs';
import { unpacked } from '../debian.ts';

/** As Debian names its architectures and the folders of their libraries. */
const CPUS: Readonly<Record<string, readonly [arch: string, triple: string]>> = {
  x64: ['amd64', 'x86_64-linux-gnu'],
  arm64: ['arm64', 'aarch64-linux-gnu'],
};
const PACKAGES = ['crun', 'libc6', 'libcap2', 'libseccomp2', 'libsystemd0', 'libyajl2'];

/**
 * Writes a program that runs the crun of Debian 13 with the libraries it came with, in a mount namespace where they hide
 * this machine's: crun 1.8 of Debian 12 does not know the version of the specification that containerd 2 writes.
 */
export async function writeCrun(file: string): Promise<void> {
  const [arch, triple] = CPUS[process.arch]!;
  const root = await unpacked('trixie', arch, PACKAGES);
  const libraries = `usr/lib/${triple}`;
  const script = `mount --bind ${root}/${libraries} /${libraries}; exec ${root}/usr/bin/crun "$@"`;
  writeFileSync(file, `#!/bin/sh\nexec unshare --mount sh -euc '${script}' crun "$@"\n`, { mode: 0o755 });
}
