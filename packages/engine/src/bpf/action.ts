/** An action as the kernel sees it: the high half of the word that a filter returns. */
export type ActionKind =
  | 'KILL_PROCESS'
  | 'KILL_THREAD'
  | 'TRAP'
  | 'ERRNO'
  | 'NOTIFY'
  | 'TRACE'
  | 'LOG'
  | 'ALLOW';

export interface Action {
  readonly kind: ActionKind;
  /** The low 16 bits: the errno of ERRNO, the message of TRACE, si_errno of TRAP; without effect elsewhere. */
  readonly data: number;
}

/** SECCOMP_RET_* of linux/seccomp.h. */
const WORDS: Readonly<Record<ActionKind, number>> = {
  KILL_PROCESS: 0x80000000,
  KILL_THREAD: 0x00000000,
  TRAP: 0x00030000,
  ERRNO: 0x00050000,
  NOTIFY: 0x7fc00000,
  TRACE: 0x7ff00000,
  LOG: 0x7ffc0000,
  ALLOW: 0x7fff0000,
};
const KINDS = new Map(Object.entries(WORDS).map(([kind, word]) => [word, kind as ActionKind]));

/** Strongest first, as the kernel orders them when several filters answer. */
export const ACTION_KINDS: readonly ActionKind[] = [
  'KILL_PROCESS',
  'KILL_THREAD',
  'TRAP',
  'ERRNO',
  'NOTIFY',
  'TRACE',
  'LOG',
  'ALLOW',
];

export const ALLOW_WORD = WORDS.ALLOW;
export const KILL_THREAD_WORD = WORDS.KILL_THREAD;

/**
 * The word that a filter returns for the action.
 * @example
 * ```js
 * import { actionWord } from '@callgate/engine/bpf';
 * actionWord({ kind: 'ALLOW', data: 0 }); // → 0x7fff0000
 * ```
 */
export function actionWord(action: Action): number {
  return (WORDS[action.kind] | (action.data & 0xffff)) >>> 0;
}

/**
 * The action of a word that a filter returned; words that the kernel does not know kill the process.
 * @example
 * ```js
 * import { actionOfWord } from '@callgate/engine/bpf';
 * actionOfWord(0x50001); // → { kind: 'ERRNO', data: 1 }
 * ```
 */
export function actionOfWord(word: number): Action {
  const kind = KINDS.get((word & 0xffff0000) >>> 0) ?? 'KILL_PROCESS';
  return { kind, data: word & 0xffff };
}

/** Whether the kernel executes the call by itself: ALLOW and LOG. TRACE and NOTIFY leave that to a tracer or supervisor. */
export function executes(kind: ActionKind): boolean {
  return kind === 'ALLOW' || kind === 'LOG';
}

/** How free an action leaves a call: 0 denied, 1 left to a tracer or supervisor, 2 executed. */
export function freedomOf(kind: ActionKind): 0 | 1 | 2 {
  if (executes(kind)) return 2;
  return kind === 'NOTIFY' || kind === 'TRACE' ? 1 : 0;
}
