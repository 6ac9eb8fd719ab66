/**
 * Whose calls are wanted. launch: a process that is about to execve, and its descendants. tree: processes that run already, and
 * theirs. cgroup: everybody below a folder of cgroup v2. mounts: everybody in a mount namespace, or in any but this one.
 */
export type Scope =
  | { readonly kind: 'launch'; readonly pid: number }
  | { readonly kind: 'tree' }
  | { readonly kind: 'cgroup'; readonly path: string }
  | { readonly kind: 'mounts'; readonly namespace: number; readonly running: boolean }
  | { readonly kind: 'mounts'; readonly otherThan: number };
