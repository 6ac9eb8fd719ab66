import { lowerProfile } from '@callgate/engine/internal/policy/lower';
import { arePoliciesEqual, type Policy } from '@callgate/engine/internal/policy/policy';
import type { Profile } from '@callgate/engine/internal/profile/profile';
import {
  type ContainerTarget,
  meaningInContainer,
  type Reader,
} from '@callgate/engine/internal/recognition/container-meaning';
import { parseRelease, type Target } from '@callgate/engine/internal/runtime/target';
import type { EngineName, KnownContainer } from '../container/container-engine.ts';
import { runningContainer } from '../container/containers.ts';
import { engineNamed } from '../container/known-containers.ts';
import { type OciRuntime, runtimeVersion } from '../container/oci-container.ts';
import { FiltersUnreadable } from '../process/live-filters.ts';
import { expected, lackingCalls, lift, type Verification, VerificationFailed } from '../verify/verify.ts';
import { type Confinement, confinementOf } from './confinement.ts';
import { ProcessPlaces } from './container-processes.ts';

/** A verification of something that runs. */
export interface RunningVerification extends Verification {
  readonly confinement: Confinement;
  readonly container: KnownContainer;
}

/** The OCI runtime that an engine starts unless told otherwise. */
const RUNTIME_OF: Readonly<Record<EngineName, OciRuntime>> = {
  docker: 'runc',
  podman: 'crun',
  crio: 'crun',
  containerd: 'runc',
  runc: 'runc',
  crun: 'crun',
};

/** How a profile is to be read for a container. */
export interface ContainerReading {
  readonly target: Target;
  /** Who reads it, where that is not the container's engine; else a runtime of the target counts. */
  readonly reader?: Reader;
  /** The target's capabilities count, and not those of the container. */
  readonly givenCapabilities: boolean;
}

/**
 * A running container, every thread of it. As far as nobody says it, the profile is read by the container's engine, for the
 * container's capabilities, the release of this machine's runtime, and what its libseccomp knows.
 */
export async function verifyContainer(
  profile: Profile,
  { engine, name }: { readonly engine: EngineName; readonly name: string },
  reading: ContainerReading,
): Promise<RunningVerification> {
  const container = await runningContainer(engine, name);
  const confinement = wholeConfinement(new ProcessPlaces().ofContainer(container.id, container.pid));
  const meanings = await meaningsIn(profile, container, reading, confinement.capabilities);
  const { wanted, whole, skipped } = meanings[0];
  const result = lift(confinement.programs!, wanted);
  const meant = 'got' in result && meanings.find((m) => arePoliciesEqual(m.wanted, result.got));
  return {
    who: `${engine}:${name}`,
    ...expected(meant ? meant.wanted : wanted, meant ? meant.whole : whole),
    result,
    skipped: meant ? meant.skipped : skipped,
    swapped: 0,
    confinement,
    container,
  };
}

/** How a process is confined, with the filters of every thread; throws FiltersUnreadable where they cannot be read. */
export function wholeConfinement(pids: readonly number[]): Confinement {
  const confinement = confinementOf(pids, true);
  if (!confinement) throw new FiltersUnreadable(`process ${pids[0]} has ended`);
  if (confinement.unreadable !== undefined) throw new FiltersUnreadable(confinement.unreadable);
  return confinement;
}

interface Meaning {
  readonly wanted: Policy;
  /** The same if no name were skipped. */
  readonly whole: Policy;
  readonly skipped: readonly string[];
}

/** What the profile may mean there: by the runtime that is known, else by either, the engine's usual one first. */
async function meaningsIn(
  profile: Profile,
  { engine, runtime }: KnownContainer,
  { target, reader, givenCapabilities }: ContainerReading,
  capabilities: readonly string[],
): Promise<readonly Meaning[]> {
  const own = { ...target, capabilities: givenCapabilities ? target.capabilities : capabilities };
  if (target.runtime) return [await meaningFor(profile, own)];
  const usual = RUNTIME_OF[engine];
  const names: readonly OciRuntime[] = runtime ? [runtime] : [usual, usual === 'runc' ? 'crun' : 'runc'];
  const meanings = await Promise.all(names.map((name) => meaningBy(profile, own, { engine, reader, name })));
  const found = meanings.filter((meaning) => meaning !== undefined);
  if (found.length === 0) throw new VerificationFailed(`by its rules ${engine} refuses the profile`);
  return found;
}

async function meaningBy(
  profile: Profile,
  target: Target,
  by: { readonly engine: EngineName; readonly reader?: Reader; readonly name: OciRuntime },
): Promise<Meaning | undefined> {
  const version = await runtimeVersion(by.name);
  const reader = by.reader ?? (await readerOf(by.engine));
  const lacks = await lackingCalls(profile, { ...target, runtime: reader }, version?.libseccomp);
  const at: ContainerTarget = {
    ...target,
    runtime: { name: by.name, release: version && parseRelease(version.release) },
  };
  const wanted = meaningInContainer(profile, reader, { ...at, lacks });
  const whole = meaningInContainer(profile, reader, at);
  return wanted && whole && { wanted, whole, skipped: lacks };
}

async function readerOf(name: EngineName): Promise<Reader> {
  const release = name === 'docker' ? await engineNamed(name).release() : undefined;
  return { name, ...(release !== undefined && { release: parseRelease(release) }) };
}

/** By a runtime that somebody has named, which both reads it and makes the filter. */
async function meaningFor(profile: Profile, target: Target): Promise<Meaning> {
  const lacks = await lackingCalls(profile, target, undefined);
  const wanted = lowerProfile(profile, { ...target, lacks }).value;
  const whole = lowerProfile(profile, target).value;
  if (!wanted || !whole)
    throw new VerificationFailed(`by its rules ${target.runtime!.name} refuses the profile`);
  return { wanted, whole, skipped: lacks };
}
