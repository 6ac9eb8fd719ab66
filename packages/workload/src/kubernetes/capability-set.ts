import { CAPABILITIES } from '@callgate/engine/internal/profile/capabilities';
import type { NodeRuntime } from './cluster-node.ts';
import type { NamedCapability } from './pod.ts';

/** What engines give a container by themselves. Sources: each one's defaults (containerd oci, moby oci/caps, CRI-O, containers/common). */
const USUAL: Readonly<Record<NodeRuntime, string>> = {
  containerd:
    'AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE NET_RAW SETFCAP SETGID SETPCAP SETUID SYS_CHROOT',
  docker:
    'AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE NET_RAW SETFCAP SETGID SETPCAP SETUID SYS_CHROOT',
  crio: 'CHOWN DAC_OVERRIDE FOWNER FSETID KILL NET_BIND_SERVICE SETGID SETPCAP SETUID',
  podman: 'CHOWN DAC_OVERRIDE FOWNER FSETID KILL NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID SYS_CHROOT',
};

/** How a bounding set differs from what an engine gives by itself, in a few words; empty where it does not. */
export function capabilityWords(runtime: NodeRuntime, bounding: readonly string[]): string {
  const usual = USUAL[runtime].split(' ').map((name) => `CAP_${name}`);
  const short = (names: readonly string[]) => names.map((name) => name.slice('CAP_'.length)).join(', ');
  const added = bounding.filter((name) => !usual.includes(name));
  const missing = usual.filter((name) => !bounding.includes(name));
  if (bounding.length === 0) return 'without capabilities';
  if (bounding.length === CAPABILITIES.length) return 'with all capabilities';
  const lost =
    missing.length > 4 ? `only ${short(bounding)}` : missing.length > 0 ? `without ${short(missing)}` : '';
  return [added.length > 0 && missing.length <= 4 ? `with ${short(added)}` : '', lost]
    .filter(Boolean)
    .join(', ');
}

/** What a container may have: a profile is chosen by this set, whether or not the process can use it. */
export interface CapabilitySet {
  /** As CAP_* names. */
  readonly bounding: readonly string[];
  /** Names of `add` that the engine does not know, as they are written. */
  readonly unknown: readonly NamedCapability[];
}

/** The bounding set of a container. */
export function capabilitySet(
  runtime: NodeRuntime,
  added: readonly NamedCapability[],
  dropped: readonly NamedCapability[],
): CapabilitySet {
  const isAll = ({ name }: NamedCapability) => name.toUpperCase() === 'ALL';
  const base = dropped.some(isAll)
    ? []
    : added.some(isAll)
      ? CAPABILITIES
      : USUAL[runtime].split(' ').map((name) => `CAP_${name}`);
  const bounding = new Set<string>(base);
  const unknown: NamedCapability[] = [];
  for (const capability of added.filter((one) => !isAll(one))) {
    const name = knownName(runtime, capability.name);
    if (name === undefined) unknown.push(capability);
    else bounding.add(name);
  }
  for (const capability of dropped.filter((one) => !isAll(one)))
    bounding.delete(knownName(runtime, capability.name) ?? '');
  return { bounding: CAPABILITIES.filter((name) => bounding.has(name)), unknown };
}

/** containerd puts the prefix before every name; the others take names with it, too. */
function knownName(runtime: NodeRuntime, written: string): string | undefined {
  const upper = written.toUpperCase();
  const full = runtime === 'containerd' || !upper.startsWith('CAP_') ? `CAP_${upper}` : upper;
  return (CAPABILITIES as readonly string[]).includes(full) ? full : undefined;
}
