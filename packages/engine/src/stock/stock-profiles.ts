import { isBefore, parseRelease, type Release } from '../runtime/target.ts';
import { RELEASES } from './generated/releases.ts';

/** Whose default profiles are known. */
export const STOCK_NAMES = ['docker', 'podman', 'containerd', 'crio', 'none'] as const;
export type StockName = (typeof STOCK_NAMES)[number];

/** The default profile of some releases of a runtime, or what `none` stands for: no filter. */
export interface StockProfile {
  readonly name: StockName;
  /** Releases in whose sources it was found; from the first on until the next profile of that runtime it is taken for theirs. */
  readonly seen: readonly string[];
  /** Where it was found. */
  readonly source: string;
  /** Loads it. */
  text(): Promise<string>;
}

const NONE: StockProfile = {
  name: 'none',
  seen: [],
  source: 'a container without a filter',
  text: async () => '{"defaultAction":"SCMP_ACT_ALLOW"}',
};

/** What a runtime loads when nobody says otherwise: in that release, or in the newest that is known; undefined before the first. */
export function stockProfile(name: StockName, release?: Release): StockProfile | undefined {
  if (name === 'none') return NONE;
  // CRI-O takes that of containers/common, as Podman does; which of its releases has which is not known.
  if (name === 'crio') return { ...stockOf(profilesOf('podman').at(-1)!), name };
  const found = profilesOf(name).findLast(({ from }) => !isBefore(release, parseRelease(from)!));
  return found && stockOf(found);
}

/** Every default profile that is known, the oldest of each runtime first. */
export function stockProfiles(): StockProfile[] {
  return RELEASES.map(stockOf);
}

function stockOf({ runtime, seen, source, load }: (typeof RELEASES)[number]): StockProfile {
  return { name: runtime, seen, source, text: async () => (await load()).PROFILE };
}

/** The first release whose default profile is known. */
export function firstRelease(name: StockName): string | undefined {
  return profilesOf(name)[0]?.from;
}

function profilesOf(name: StockName) {
  return RELEASES.filter(({ runtime }) => runtime === name);
}
