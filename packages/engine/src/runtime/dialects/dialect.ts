import type { RuntimeName } from '../target.ts';

export type ForgottenKey = 'defaultErrnoRet' | 'flags' | 'listenerPath';

/** How a runtime reads a profile and drives libseccomp. */
export interface Dialect {
  readonly name: RuntimeName;
  /** Whose keys it reads; it drops those of other forms without a word. */
  readonly reads: 'oci' | 'docker' | 'podman';
  /** Keys that it reads and then forgets. */
  readonly forgets: readonly ForgottenKey[];
  /** exact: SCMP_ARCH_X86_64; loose: without the prefix, and the rest in any case. */
  readonly architectures: 'exact' | 'loose';
  /** Whether a rule without the key `names` is refused. */
  readonly needsNames: boolean;
  /** What it does about an errno beside an action that returns none. */
  readonly strayErrno: 'ignored' | 'refused';
  /** More conditions in a rule are dropped. */
  readonly mostConditions: number;
  /** Whether it has runc's conditions for SCMP_ACT_NOTIFY. */
  readonly checksNotify: boolean;
  /** Whether it refuses a profile that lists flags. */
  readonly refusesFlags: boolean;
  /** Whether a rule that says what the default action says is refused, and not just left out. */
  readonly refusesDefaultRules: boolean;
  /** On which ABIs it answers ENOSYS for numbers above those that the profile names; listed: not the native one by itself. */
  readonly stub: 'none' | 'listed' | 'all';
  /** Whether it refuses rules that libseccomp would drop, replace or decide by their order. */
  readonly strict: boolean;
  /** Of a strict one: whether it takes such rules where they meet in a multiplexer alone. */
  readonly sharesMultiplexers?: boolean;
  /** libseccomp's SCMP_FLTATR_CTL_OPTIMIZE for a profile with so many name entries. Meanings do not depend on it. */
  optimize(entries: number): 1 | 2;
}
