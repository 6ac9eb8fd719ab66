import type { ActionKind } from '../bpf/action.ts';
import type { Span, Spanned } from '../diagnostics/span.ts';

/** The actions of an OCI profile, without SCMP_ACT_. KILL is the old name of KILL_THREAD. */
export const ACTION_NAMES = [
  'KILL',
  'KILL_THREAD',
  'KILL_PROCESS',
  'TRAP',
  'ERRNO',
  'TRACE',
  'ALLOW',
  'LOG',
  'NOTIFY',
] as const;
export type ActionName = (typeof ACTION_NAMES)[number];

/** The kernel's name for a profile's action. */
export function actionKind(name: ActionName): ActionKind {
  return name === 'KILL' ? 'KILL_THREAD' : name;
}

/** The comparisons of an OCI profile, without SCMP_CMP_. Unsigned; MASKED_EQ is (argument & value) == valueTwo. */
export const OPERATORS = ['NE', 'LT', 'LE', 'EQ', 'GE', 'GT', 'MASKED_EQ'] as const;
export type Operator = (typeof OPERATORS)[number];

/** The flags of an OCI profile, by their full names. */
export const FLAGS = [
  'SECCOMP_FILTER_FLAG_TSYNC',
  'SECCOMP_FILTER_FLAG_LOG',
  'SECCOMP_FILTER_FLAG_SPEC_ALLOW',
  'SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV',
] as const;
export type Flag = (typeof FLAGS)[number];

/** What a person wrote. It has no meaning before it is lowered on a Target. */
export interface Profile {
  /** podman: it has errno or defaultErrno; docker: archMap, includes, excludes, name or comment; oci: none of these. */
  readonly form: 'oci' | 'docker' | 'podman';
  readonly defaultAction: Spanned<ActionName>;
  readonly defaultErrnoRet?: Spanned<number>;
  /** Podman's defaultErrno, such as ENOSYS. */
  readonly defaultErrno?: Spanned<string>;
  /** As written; SCMP_ARCH_* tokens, if runc is to read them. */
  readonly architectures: readonly Spanned<string>[];
  readonly archMap: readonly ArchMapEntry[];
  readonly flags: readonly Spanned<Flag>[];
  /** Whether the document has the key `flags`; without it runtimes set SPEC_ALLOW. */
  readonly hasFlags: boolean;
  readonly listenerPath?: Spanned<string>;
  readonly listenerMetadata?: Spanned<string>;
  readonly rules: readonly Rule[];
}

export interface ArchMapEntry {
  readonly architecture: Spanned<string>;
  readonly subArchitectures: readonly Spanned<string>[];
  readonly span: Span;
}

/** One element of `syscalls`. All of its conditions must hold; where two are on one argument, any one is enough. */
export interface Rule {
  /** Its place in `syscalls`, from 0. */
  readonly index: number;
  readonly names: readonly Spanned<string>[];
  /** Docker's old key `name`, with or without `names`. */
  readonly legacyName?: Spanned<string>;
  readonly action: Spanned<ActionName>;
  readonly errnoRet?: Spanned<number>;
  /** Podman's errno, such as EPERM. */
  readonly errno?: Spanned<string>;
  readonly conditions: readonly Condition[];
  readonly includes?: RuleScope;
  readonly excludes?: RuleScope;
  readonly comment?: Spanned<string>;
  readonly span: Span;
}

export interface Condition {
  /** Which argument, 0 to 5. */
  readonly argument: number;
  readonly operator: Operator;
  /** The datum; for MASKED_EQ the mask. 64 bits, unsigned. */
  readonly value: bigint;
  /** For MASKED_EQ the datum. 64 bits, unsigned. */
  readonly valueTwo: bigint;
  readonly span: Span;
  /** Where its parts stand, in a profile that was read; what is not written has no place. */
  readonly parts?: {
    readonly argument?: Span;
    readonly operator?: Span;
    readonly value?: Span;
    readonly valueTwo?: Span;
  };
}

/** Docker's includes and excludes: architectures by its own names (Abi.docker, else Abi.go), capabilities as CAP_*. */
export interface RuleScope {
  readonly arches: readonly Spanned<string>[];
  readonly caps: readonly Spanned<string>[];
  readonly minKernel?: Spanned<KernelVersion>;
  readonly span: Span;
}

export interface KernelVersion {
  readonly major: number;
  readonly minor: number;
}

/** Negative, zero or positive as `a` is older than, equal to or newer than `b`. */
export function compareKernels(a: KernelVersion, b: KernelVersion): number {
  return a.major - b.major || a.minor - b.minor;
}

/**
 * The release that a text such as "6.18" or uname's "6.18.44-fc" begins with.
 * @example
 * ```js
 * import { parseKernel } from '@callgate/engine';
 * parseKernel('6.12.1-amd64'); // → { major: 6, minor: 12 }
 * ```
 */
export function parseKernel(text: string): KernelVersion | undefined {
  const match = /^(\d{1,4})\.(\d{1,4})(?![\d])/.exec(text);
  return match ? { major: Number(match[1]), minor: Number(match[2]) } : undefined;
}
