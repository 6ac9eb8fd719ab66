import type { KernelVersion } from '../profile/profile.ts';
import type { AbiName } from '../syscalls/arch.ts';
import type { LibseccompRelease } from './libseccomp-release.ts';

/** Who turns the profile into a filter. */
export const RUNTIME_NAMES = ['runc', 'crun', 'containerd', 'docker', 'podman', 'crio', 'strict'] as const;
export type RuntimeName = (typeof RUNTIME_NAMES)[number];

/** A release such as 1.1.15. Release candidates count as the release. */
export type Release = readonly [major: number, minor: number, patch: number];

/** A runtime, and its release where that changes what a profile means. Without one: a current release. */
export interface Runtime {
  readonly name: RuntimeName;
  readonly release?: Release;
  /** Who reads the file first, and hands on what OCI knows of it, with every key spelled right. */
  readonly behind?: 'containerd';
  /** Of strict: rules that one of socketcall or ipc alone makes collide are taken, with a warning. Sandboxes write them so. */
  readonly sharesMultiplexers?: boolean;
}

/** The release that a text such as "29", "1.1", "1.1.15" or "1.2.0-rc.1" begins with; undefined where anything else follows. */
export function parseRelease(text: string): Release | undefined {
  const match = /^v?(\d{1,4})(?:\.(\d{1,4})(?:\.(\d{1,4}))?)?(?=$|[-+~ ][^@]*$)/.exec(text);
  return match ? [Number(match[1]), Number(match[2] ?? 0), Number(match[3] ?? 0)] : undefined;
}

/** Whether a release is older than another; an unknown one is a current one. */
export function isBefore(release: Release | undefined, first: Release): boolean {
  return release !== undefined && compareReleases(release, first) < 0;
}

function compareReleases(a: Release, b: Release): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}

/** What a profile will run on, as plain JSON. Kernel and capabilities have no default: callers say what they mean. */
export interface Target {
  /** The kernel's own ABI. */
  readonly native: AbiName;
  /** Exactly these ABIs; without it, those that the document covers, and the native one. */
  readonly abis?: readonly AbiName[];
  readonly kernel: KernelVersion;
  /** The container's bounding set, as CAP_* names. */
  readonly capabilities: readonly string[];
  /** The runtime's libseccomp, which skips the names that it does not know. Without it: one that knows every name. */
  readonly libseccomp?: LibseccompRelease;
  /** Calls, as `ABI NAME`, that the runtime's libseccomp was found not to know, and skips. */
  readonly lacks?: readonly string[];
  /** Without it: the one whose form the document has, docker or podman, else runc. */
  readonly runtime?: Runtime;
}
