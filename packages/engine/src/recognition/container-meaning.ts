import { lowerProfile } from '../policy/lower.ts';
import type { Policy } from '../policy/policy.ts';
import type { Profile } from '../profile/profile.ts';
import { ociForm } from '../runtime/oci-form.ts';
import { parseRelease, type Release, type Target } from '../runtime/target.ts';
import type { StockProfile } from '../stock/stock-profiles.ts';

/** Who reads a profile's file before the OCI runtime is given what is left of it. */
export interface Reader {
  readonly name: 'docker' | 'podman' | 'containerd' | 'crio' | 'runc' | 'crun';
  readonly release?: Release;
}

/** Where a container runs, and what starts its first process. */
export interface ContainerTarget
  extends Pick<Target, 'native' | 'kernel' | 'capabilities' | 'lacks' | 'abis'> {
  readonly runtime: { readonly name: 'runc' | 'crun'; readonly release?: Release };
}

/**
 * What a profile means in a container: as the engine reads it, and as its runtime makes a filter of that. Undefined where one of
 * them refuses it.
 */
export function meaningInContainer(
  profile: Profile,
  reader: Reader,
  target: ContainerTarget,
): Policy | undefined {
  if (reader.name === 'runc' || reader.name === 'crun') return lowerProfile(profile, target).value;
  const handedOn = ociForm(profile, { ...target, lacks: undefined, runtime: reader as Target['runtime'] });
  return lowerProfile(handedOn, { ...target, abis: undefined }).value;
}

/** How a default is read: containerd's, which is Go code there, is kept in Docker's form, and containerd reads no such file. */
export function readerOfStock({ name, seen }: StockProfile): Reader {
  const release = name === 'docker' ? parseRelease(seen[0] ?? '') : undefined;
  return { name: name === 'podman' || name === 'crio' ? 'podman' : 'docker', ...(release && { release }) };
}
