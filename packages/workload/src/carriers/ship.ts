import type { Cargo, Carrier, Shipment } from './carrier.ts';
import { type Proof, prove } from './proof.ts';

/** A profile that was written for a carrier, and the proof of what that means. */
export interface Shipped {
  readonly shipment: Shipment;
  /** Without it nothing could be written, and the shipment's limits say why. */
  readonly proof?: Proof;
  /** Whether the carrier holds the profile whole: it has no limit for it, and means the same. */
  readonly isWhole: boolean;
}

/** Writes a profile for a carrier, reads it again and compares; undefined for a carrier that is only read. */
export function ship(carrier: Carrier, cargo: Cargo): Shipped | undefined {
  const shipment = carrier.write?.(cargo);
  if (!shipment) return undefined;
  const { files, limits = [] } = shipment;
  if (files.length === 0) return { shipment, isWhole: false };
  const proof = prove(carrier, cargo, shipment);
  const isEqual = proof.kind === 'read' && proof.differences.listed.length === 0;
  return { shipment, proof, isWhole: isEqual && limits.length === 0 };
}
