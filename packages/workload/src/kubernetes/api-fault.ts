import type { Span } from '@callgate/engine/internal/diagnostics/span';
import type { AuditCode } from '../findings/codes.ts';

/**
 * What becomes of a fault. refused: in every case; dropped: strict validation, which kubectl and Helm ask for, refuses it, and
 * whoever does not ask loses it without a word; on-node: it is taken, and the container does not start; warned: it is told,
 * and does nothing else.
 */
export type Fate = 'refused' | 'dropped' | 'on-node' | 'warned';

/** Something of an object that the API server or a node does not take as it stands. */
export interface ApiFault {
  readonly code: AuditCode;
  readonly fate: Fate;
  /** What they say of it, in their words. */
  readonly said: string;
  /** What that means, in ours. */
  readonly meaning: string;
  readonly span: Span;
  readonly fix?: string;
}
