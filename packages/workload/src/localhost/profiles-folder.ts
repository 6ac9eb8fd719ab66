/** What is at a path of a folder with profiles. */
export type FolderEntry =
  | { readonly kind: 'file'; readonly text: string }
  | { readonly kind: 'folder' }
  | { readonly kind: 'missing' }
  | { readonly kind: 'unreadable'; readonly why: string };

/** The folder seccomp of a kubelet, or a copy of it. */
export interface ProfilesFolder {
  /** As the user names it. */
  readonly name: string;
  /** What is at a clean path, relative to it. */
  at(path: string): FolderEntry;
  /** The paths of the files in it, relative to it; not more than some thousands. */
  readonly files: readonly string[];
}

/** The path that a kubelet makes of localhostProfile: without `.`, doubled slashes, and one at its end. */
export function cleanPath(path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  return parts.join('/');
}
