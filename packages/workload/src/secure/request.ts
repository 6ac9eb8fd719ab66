import type { Path } from './plain.ts';

/** What shall be changed. */
export interface SecureRequest {
  /** A profile in the kubelet's seccomp folder, or beside the compose file; without one, the runtime's default. */
  readonly profile?: string;
  /** Only containers, or services, of these names. */
  readonly containers?: readonly string[];
  /** An explicit Unconfined is replaced, too. */
  readonly replacesUnconfined?: boolean;
  /** Containers shall gain no privileges: no_new_privs. */
  readonly noPrivilegeEscalation?: boolean;
}

/** Something that whoever asked should know; nothing of it is a failure. */
export interface Notice {
  /** Such as "Deployment web", already fit to be printed. */
  readonly object: string;
  /** What it is about, in the document as it was. */
  readonly path: Path;
  readonly message: string;
  /** What could be asked for, so that it changes. */
  readonly remedy?: 'replace-unconfined' | 'name-container';
}

/** Why a path is none that a localhostProfile may be, or undefined. The rules are validateLocalDescendingPath's. */
export function faultOfLocalhostProfile(path: string): string | undefined {
  if (path === '') return 'it is empty';
  if (path.startsWith('/')) return "it is absolute; it starts from the kubelet's seccomp folder";
  if (path.split('/').includes('..')) return 'it has a ".." part';
  if (path.trim() !== path) return 'it begins or ends with white space';
  return undefined;
}
