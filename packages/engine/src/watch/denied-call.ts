import type { ActionKind } from '../bpf/action.ts';
import type { AbiName } from '../syscalls/arch.ts';

/** Where a process lives that made a call. */
export type Place =
  /** In a container, as far as its engine says what it is called. */
  | {
      readonly kind: 'container';
      /** Such as docker, podman, containerd, crio. */
      readonly engine: string;
      readonly id: string;
      readonly name?: string;
      readonly pod?: string;
      /** The pod's. */
      readonly namespace?: string;
    }
  /** On the machine itself, perhaps as part of a service. */
  | { readonly kind: 'host'; readonly unit?: string }
  /** It had ended before anybody could ask; perhaps its host name was seen, which engines make of a container's id. */
  | { readonly kind: 'gone'; readonly hostname?: string }
  /** The record does not come from this machine, or does not say who it was. */
  | { readonly kind: 'unknown' };

/** How a filter answered a call: the action, or, where only its effect was seen, that. */
export type Answer =
  | { readonly kind: ActionKind }
  /** It was not made and returned this errno; 0: something else, or nothing. */
  | { readonly kind: 'REFUSED'; readonly errno: number }
  /** The task was killed for it; whether the thread or the process was, is not known. */
  | { readonly kind: 'KILLED' };

/** Calls that were denied, or let pass and logged, all alike. */
export interface DeniedCalls {
  readonly place: Place;
  readonly arch: AbiName;
  /** As seccomp_data has it; undefined for several numbers that no call has. */
  readonly nr: number | undefined;
  readonly answer: Answer;
  readonly count: number;
  /** Of the last one: milliseconds since 1970, the process's name as it gave it to itself, and its number. */
  readonly time: number;
  readonly comm?: string;
  readonly pid?: number;
}

/** Whether the call was made all the same, and would have been denied by a profile that denies what this one logs. */
export function passed({ answer }: Pick<DeniedCalls, 'answer'>): boolean {
  return answer.kind === 'LOG' || answer.kind === 'ALLOW';
}
