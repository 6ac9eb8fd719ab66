import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isInstalled } from '../is-installed.ts';

/** Where Debian has the plugins that give a pod its network. */
export const CNI = '/usr/lib/cni';

/** Files and programs that the cluster is made of, by the Debian package that has them. */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  'busybox-static': ['busybox'],
  containerd: ['containerd', 'ctr'],
  'containernetworking-plugins': ['ptp', 'host-local', 'portmap', 'loopback'].map((name) => join(CNI, name)),
  crun: ['crun'],
  iproute2: ['ip'],
  iptables: ['iptables'],
  runc: ['runc'],
  unzip: ['unzip'],
  'util-linux': ['nsenter', 'unshare'],
};

/** What the newest runtimes are built with, beside Go. */
const TOOLS: Readonly<Record<string, readonly string[]>> = {
  gcc: ['gcc'],
  'libseccomp-dev': ['/usr/include/seccomp.h'],
  'pkg-config': ['pkg-config'],
};

/** Why no cluster can be made here; undefined when one can. */
export function whyNoCluster(): string | undefined {
  return process.getuid?.() === 0 ? lacking(PARTS) : 'a node needs root';
}

/** Why its programs cannot be built here; undefined when they can. */
export function whyNoBuild(): string | undefined {
  return isThere('go')
    ? lacking(TOOLS)
    : 'Kubernetes and the newest containerd are built with Go 1.26, which is not here';
}

function lacking(packages: Readonly<Record<string, readonly string[]>>): string | undefined {
  const names = Object.keys(packages).filter((name) => !packages[name]!.every(isThere));
  return names.length > 0 ? `more of Debian is needed: apt-get install ${names.join(' ')}` : undefined;
}

/** A file by its path, a program by its name. */
function isThere(part: string): boolean {
  return part.includes('/') ? existsSync(part) : isInstalled(part);
}
