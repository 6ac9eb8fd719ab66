import type { Diagram, NodeId } from '../diagram/diagram.ts';
import type { RuleOrigin } from '../libseccomp/call-rule.ts';
import type { Abi } from '../syscalls/arch.ts';

/** Why a call is decided as it is. */
export type Origin =
  | { readonly because: 'default' }
  | { readonly because: 'bad-arch' }
  | { readonly because: 'enosys-stub' }
  /** The policy was lifted from a program, whose rules nobody knows. */
  | { readonly because: 'filter' }
  | RuleOrigin;

/** What a profile means on a target: a decision for every call that the kernel could be asked. */
export interface Policy {
  readonly diagram: Diagram;
  /** Terminals are SECCOMP_RET_* words. */
  readonly root: NodeId;
  /** The same decisions with their reasons: terminals are indices into `origins`. */
  readonly reasons: NodeId;
  readonly origins: readonly Origin[];
  /** The SECCOMP_RET_* word of each origin. */
  readonly words: readonly number[];
  /** The ABIs that the filter knows, the native one first. Calls of others get the bad-arch action. */
  readonly abis: readonly Abi[];
  readonly endian: 'little' | 'big';
  /** What libseccomp's own filter decides, before which the runtime puts its stub; as `root`. */
  readonly withoutStub: NodeId;
}
