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

/** Whether a container's first execve will be seen, which tells its runtime's calls from its own and from those of later guests. */
export function hasBeginning(scope: Scope): boolean {
  return scope.kind === 'mounts' && !('namespace' in scope && scope.running);
}

/** A container whose first execve was seen. */
export interface SeenContainer {
  /** What tells its mount namespace from every other, also from later ones. */
  readonly id: bigint;
  /** The number that /proc/PID/ns/mnt shows; a later namespace may get it again. */
  readonly namespace: number;
  /** The process that called it, as this machine numbers it. */
  readonly pid: number;
  readonly hostname: string;
  /** The id of the container whose process it was before; 0 for one that was in none. */
  readonly parent: bigint;
}

/** A container, and the namespaces that its processes made and went into. */
export function withOffspring(container: bigint, seen: readonly SeenContainer[]): Set<bigint> {
  const family = new Set([container]);
  for (let size = 0; size !== family.size; ) {
    size = family.size;
    for (const { id, parent } of seen) if (family.has(parent)) family.add(id);
  }
  return family;
}
