import type { ActionKind } from '../bpf/action.ts';
import type { AbiName } from '../syscalls/arch.ts';

/** What became of a call, as somebody outside of the filter saw it. */
export type Outcome =
  /** The kernel wrote down which action a filter had answered. */
  | { readonly kind: 'action'; readonly action: ActionKind }
  /** The call failed. */
  | { readonly kind: 'errno'; readonly errno: number }
  /** SIGSYS ended the thread, the process, or came to a handler. */
  | { readonly kind: 'sigsys' }
  | { readonly kind: 'unknown' };

/** One call that was refused, as far as somebody tells. */
export interface DeniedCall {
  readonly arch: AbiName;
  readonly nr: number;
  /** Its name on that ABI, or its number where it has none. */
  readonly name: string;
  /** Six, where they are known. */
  readonly args?: readonly bigint[];
  /** Whether a library made it for a thread or a process: with no flag of a namespace, and by clone3 before clone. */
  readonly isPlain?: true;
  readonly outcome: Outcome;
  /** How often it was told of. */
  readonly times: number;
  readonly program: CallingProgram;
  /** When it was first told of, as the source writes it. */
  readonly time?: string;
}

/** Who made a call. */
export interface CallingProgram {
  /** The name that the thread gave itself. */
  readonly comm?: string;
  /** Its file, as it is named where it runs. */
  readonly exe?: string;
  readonly pid?: number;
  /** Where the program goes on behind the call. */
  readonly ip?: bigint;
}
