import type { Capability } from '@callgate/engine/internal/profile/capabilities';
import type { AbiName } from '@callgate/engine/internal/syscalls/arch';
import type { CallEnd } from '../launch/trial-program.ts';
import type { AttackCategory } from './attack-row.ts';

/** One call that an attacker would make, with arguments that do no harm even where nothing stops it. */
export interface AttackWay {
  readonly abi: AbiName;
  readonly nr: number;
  readonly syscall: string;
  readonly args: readonly bigint[];
  /**
   * What the kernel answers when neither a filter nor a missing right stops the call: errno numbers, 0 for success. With these
   * arguments nothing happens then, but with an attacker's it would have.
   */
  readonly reached: readonly number[];
  /**
   * A harmless call that needs the same right, where the kernel looks at this one's arguments before it asks for rights: in the
   * control it tells whether the kernel would stop the attacker anyway.
   */
  readonly asks?: AttackWay;
}

/** An effect that an attacker wants, and every call that leads to it: who denies one of them and not the other has a hole. */
export interface Attack {
  /** As people name it in a spec, such as "mount" or "user-namespace". */
  readonly id: string;
  readonly category: AttackCategory;
  /** What an attacker gets from it, in a few words. */
  readonly gain: string;
  /** The capability without which the kernel refuses all of it, where it asks for one. */
  readonly right?: Capability;
  readonly ways: readonly AttackWay[];
}

/** How a call ended; "untried" where it could not be made, or nobody could tell what came of it. */
export type WayEnd = CallEnd | { readonly kind: 'untried'; readonly why: string };

/** An errno that a process could only tell not to be EPERM; no kernel has one as high. */
export const UNTOLD_ERRNO = 4095;
/** The signal of a call that did not return in time. */
export const SIGALRM = 14;

/** Makes calls, each in a process of its own: on this machine or in a container, under a profile or without any. */
export type MakeCalls = (ways: readonly AttackWay[]) => Promise<readonly WayEnd[]>;

/** What stopped an attack: the profile, something else that stops it without the profile as well, or nothing. */
export type Credit = 'profile' | 'kernel' | 'none';

/** One way of an attack, tried under the profile and, as control, without it. */
export interface WayTrial {
  readonly way: AttackWay;
  readonly confined: WayEnd;
  readonly control: WayEnd;
  readonly credit: Credit;
}

/** An attack, tried: it is open when one way of it is. */
export interface AttackTrial {
  readonly attack: Attack;
  readonly ways: readonly WayTrial[];
  readonly credit: Credit;
}
