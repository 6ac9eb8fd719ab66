import { type Differences, diffPolicies } from '@callgate/engine';
import type { Diagnostic } from '@callgate/engine/internal/diagnostics/diagnostic';
import { lowerProfile } from '@callgate/engine/internal/policy/lower';
import type { Policy } from '@callgate/engine/internal/policy/policy';
import type { Profile } from '@callgate/engine/internal/profile/profile';
import { ociForm } from '@callgate/engine/internal/runtime/oci-form';
import type { Target } from '@callgate/engine/internal/runtime/target';
import type { Cargo, Carrier, CarrierFile, Shipment } from './carrier.ts';
import { reread } from './reread.ts';

/** What a carrier that was written and read again means beside the profile: no difference is a proof. */
export type Proof =
  | { readonly kind: 'read'; readonly differences: Differences }
  /** Places are those of what was written. */
  | { readonly kind: 'unreadable'; readonly diagnostics: readonly Diagnostic[]; readonly file: CarrierFile };

/** Reads what was written of a profile, and compares what both mean on the same target. */
export function prove(carrier: Carrier, cargo: Cargo, shipment: Shipment): Proof {
  const { before, target } = comparedOn(carrier, cargo);
  const after = reread(carrier, shipment, target);
  return 'policy' in after
    ? { kind: 'read', differences: diffPolicies(before, after.policy) }
    : { kind: 'unreadable', ...after };
}

/** The target with the runtime that a profile's form means where none is named: what is written may have another form. */
export function settledTarget({ form }: Profile, target: Target): Target {
  return { ...target, runtime: target.runtime ?? { name: form === 'oci' ? 'runc' : form } };
}

/**
 * What both sides are taken for. A list of another sandbox never passes a container runtime, so what the profile's own adds,
 * such as runc's ENOSYS for new calls, is left out unless the cargo is a filter: crun adds nothing to libseccomp. Podman's way
 * of reading is crun's with archMap, which readers of lists use for ABIs.
 */
function comparedOn(
  carrier: Carrier,
  { profile, policy, target }: Cargo,
): { readonly before: Policy; readonly target: Target } {
  if (carrier.enforcer !== 'sandbox') return { before: policy, target };
  const isFilter = policy.origins.some(({ because }) => because === 'filter');
  const alone: Target = { ...target, runtime: { name: 'crun' } };
  const plain = isFilter ? undefined : lowerProfile(ociForm(profile, target), alone).value;
  return { before: plain ?? policy, target: { ...target, runtime: { name: 'podman' } } };
}
