import type { Span } from '@callgate/engine/internal/diagnostics/span';
import type { Tree } from '@callgate/engine/internal/source/tree';
import type { NodeRuntime } from '../kubernetes/cluster-node.ts';
import type { NamedCapability } from '../kubernetes/pod.ts';

/** What is named for a container of an engine, as its option says it. */
export type NamedProfile =
  /** Nothing, or the engine's own default by its name. */
  | { readonly kind: 'default' }
  | { readonly kind: 'none' }
  /** A file on the machine of whoever asks the engine. */
  | { readonly kind: 'file'; readonly path: string; readonly span: Span }
  /** The text of a profile, or a profile itself. */
  | { readonly kind: 'inline'; readonly text: string; readonly span: Span; readonly tree?: Tree };

/** A container of an engine, or of what is to become one. */
export interface EngineContainer {
  /** Such as service/web. */
  readonly workload: string;
  readonly container: string;
  readonly named: NamedProfile;
  /** Options for a profile that a later one overrides. */
  readonly overridden: readonly Span[];
  readonly privileged: boolean;
  readonly noNewPrivs: boolean;
  readonly added: readonly NamedCapability[];
  readonly dropped: readonly NamedCapability[];
  /** Where its bounding set is known, as CAP_* names. */
  readonly bounding?: readonly string[];
  /** Whose document it is, where it tells. */
  readonly engine?: NodeRuntime;
  readonly span: Span;
}
