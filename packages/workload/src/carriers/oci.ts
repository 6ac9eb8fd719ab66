import { stringifyProfile } from '@callgate/engine';
import { ociForm } from '@callgate/engine/internal/runtime/oci-form';
import type { Cargo, Carrier } from './carrier.ts';

/** The text of the profile in OCI's own form, for the target; what most carriers hold. */
export function ociText({ profile, target }: Cargo): string {
  return stringifyProfile(ociForm(profile, target));
}

/** For which target Docker's and Podman's keys were resolved, where the profile has any. */
export function resolvedNotes({ profile, target }: Cargo): string[] {
  if (profile.form === 'oci') return [];
  const { native, kernel, capabilities } = target;
  const caps = capabilities.length > 0 ? capabilities.join(', ') : 'no capabilities';
  return [
    `its conditions were decided for ${native}, Linux ${kernel.major}.${kernel.minor} and ${caps}; another target needs a file of its own`,
  ];
}

export const oci: Carrier = {
  id: 'oci',
  about: "OCI's own form: what runc, crun and containerd read, with nothing left to decide",
  enforcer: 'container runtime',
  write: (cargo) => ({
    files: [{ path: `${cargo.name}.json`, content: ociText(cargo) }],
    notes: resolvedNotes(cargo),
  }),
};
