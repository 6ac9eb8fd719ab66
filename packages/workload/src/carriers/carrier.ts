import type { Diagnostic, Policy } from '@callgate/engine';
import type { CarriedProfile } from '@callgate/engine/internal/profile/carriers';
import type { Profile } from '@callgate/engine/internal/profile/profile';
import type { Target } from '@callgate/engine/internal/runtime/target';

/** The profiles that a text of some carrier holds. */
export interface CarrierReading {
  /** Each in OCI's form, with the places of the text that it was read from. */
  readonly profiles: readonly CarriedProfile[];
  /** What is worth saying of the text as a whole, and why no profile could be read of it. */
  readonly diagnostics: readonly Diagnostic[];
}

/** A profile that is to be carried somewhere. */
export interface Cargo {
  readonly profile: Profile;
  /** What it is called there: a DNS label (RFC 1123), at most 63 characters. */
  readonly name: string;
  /** On what it will run; a carrier without Docker's keys is given what they come to there. */
  readonly target: Target;
  /** What it means there. */
  readonly policy: Policy;
  /** Answers to what only the user knows, such as a namespace; each carrier names those that it asks. */
  readonly answers: Readonly<Record<string, string>>;
}

/** A file that a carrier is made of; the first of several is the one that people name. */
export interface CarrierFile {
  /** Relative, with forward slashes. */
  readonly path: string;
  readonly content: string | Uint8Array;
}

/** What was written of a profile. */
export interface Shipment {
  readonly files: readonly CarrierFile[];
  /** The path of the file that holds the profile, where that is not the first. */
  readonly holder?: string;
  /** What people should know: who enforces it, since when, what is to be done by hand. */
  readonly notes: readonly string[];
  /** What the carrier can hold in no way, at the places where the profile says it; without files nothing could be written. */
  readonly limits?: readonly Diagnostic[];
}

/** Something that only the user knows. */
export interface Question {
  readonly about: string;
  /** What is taken where nothing is answered; without it a carrier has an answer of its own, unless it is needed. */
  readonly usual?: string;
  /** Where it has to be answered: an answer that somebody might give. */
  readonly needed?: string;
  /** Which answers can be used, and how that is said. */
  readonly form?: { readonly pattern: RegExp; readonly words: string };
}

/** One way in which profiles travel. */
export interface Carrier {
  /** Such as systemd: what `convert --to` takes. */
  readonly id: string;
  /** In a few words, for a list. */
  readonly about: string;
  /** Who makes a filter of what is read; lists of other sandboxes pass no container runtime. */
  readonly enforcer: 'container runtime' | 'sandbox' | 'kernel';
  /** What the user may be asked, and what is taken where nothing is answered. */
  readonly asks?: Readonly<Record<string, Question>>;
  /** The profiles of a text, or undefined where it is no text of this carrier. Never throws. */
  read?(text: string, fileName: string): CarrierReading | undefined;
  /** The same for a carrier that is made of several files, or of bytes. Never throws. */
  readFiles?(files: readonly CarrierFile[]): CarrierReading | undefined;
  /** The profile as this carrier has it, as near as it can: what is lost is found by reading it again. */
  write?(cargo: Cargo): Shipment;
}
