import type { KernelVersion } from '../profile/profile.ts';
import type { AbiName } from '../syscalls/arch.ts';

/** Who turns the profile into a filter. */
export type RuntimeName = 'runc' | 'docker';
export const RUNTIME_NAMES: readonly RuntimeName[] = ['runc', 'docker'];

/** What a profile will run on. Nothing of it has a default here: callers say what they mean. */
export interface Target {
  /** The kernel's own ABI. */
  readonly native: AbiName;
  /** Exactly these ABIs; without it, those that the document covers, and the native one. */
  readonly abis?: readonly AbiName[];
  readonly kernel: KernelVersion;
  /** The container's bounding set, as CAP_* names. */
  readonly capabilities: ReadonlySet<string>;
  /** Without it: docker for a document in Docker's form, else runc. */
  readonly runtime?: RuntimeName;
}
