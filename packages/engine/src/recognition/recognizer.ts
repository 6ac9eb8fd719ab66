import { arePoliciesEqual, type Policy } from '../policy/policy.ts';
import { parseProfile } from '../profile/parse.ts';
import type { Profile } from '../profile/profile.ts';
import type { Release } from '../runtime/target.ts';
import { type StockName, type StockProfile, stockProfile, stockProfiles } from '../stock/stock-profiles.ts';
import { type ContainerTarget, meaningInContainer, type Reader, readerOfStock } from './container-meaning.ts';
import { type Comparison, compareWith } from './relation.ts';

/** A profile that somebody knows: of a file, or one that an engine says that it was given. */
export interface KnownProfile {
  readonly name: string;
  readonly profile: Profile;
  /** Who has read it already; without one: the container's engine reads it. */
  readonly reader?: Reader;
}

/** Of what container a filter is. */
export interface Confined {
  /** Its engine; undefined for a process of the machine. */
  readonly engine?: Reader;
  readonly capabilities: readonly string[];
  /** What started its first process; undefined where that is not known. */
  readonly runtime?: 'runc' | 'crun';
  readonly given?: KnownProfile;
}

/** Whose filter one is. */
export interface Recognized {
  /** stock: a runtime's default; file: one of the files that were named; given: what the engine was given. Undefined: unknown. */
  readonly profile?: {
    readonly kind: 'stock' | 'file' | 'given';
    /** Such as stock:docker@20.10.24, or a file's name. */
    readonly name: string;
    /** For people, such as "default of docker 20.10". */
    readonly title: string;
  };
  /** The default that a container of this engine gets when nobody says otherwise; of a plain runtime, Docker's. */
  readonly byDefault: { readonly name: string; readonly title: string };
  readonly comparison: Comparison;
  /** What it means by default; undefined where that cannot be. */
  readonly usual?: Policy;
}

/** What is known of the machine whose filters are to be recognised. */
export interface RecognizingMachine extends Pick<ContainerTarget, 'native' | 'kernel'> {
  readonly releases: { readonly runc?: Release; readonly crun?: Release };
  /** Calls, as `ABI NAME`, that its libseccomp lacks. Asked once, and only when nothing else explains a filter. */
  lacks(): Promise<readonly string[]>;
}

const EQUAL: Comparison = { relation: 'equal', looser: 0, tighter: 0 };
/** The default cannot be loaded there. */
const UNKNOWN: Comparison = { relation: 'other', looser: 0, tighter: 0 };

/** Says of filters whose they are, by their meaning. What was found out for one container is kept for others like it. */
export class Recognizer {
  private readonly machine: RecognizingMachine;
  private readonly files: readonly KnownProfile[];
  private readonly meanings = new Map<string, Policy | undefined>();
  private readonly profiles = new Map<string, Promise<Profile>>();
  private lacking: Promise<readonly string[]> | undefined;

  constructor(machine: RecognizingMachine, files: readonly KnownProfile[] = []) {
    this.machine = machine;
    this.files = files;
  }

  async recognize(policy: Policy, about: Confined): Promise<Recognized> {
    const stock = defaultOf(about);
    const byDefault = { name: subjectOf(stock), title: titleOf(stock) };
    const profile = await this.whose(policy, about, stock);
    if (profile?.name === byDefault.name) return { profile, byDefault, comparison: EQUAL, usual: policy };
    const [variant] = this.variants(about.runtime);
    const target = this.target(about, variant, await this.lacks());
    const usual = this.stockMeaning(stock, await this.profileOf(stock), target);
    return {
      ...(profile && { profile }),
      byDefault,
      comparison: usual ? compareWith(policy, usual, this.machine.native) : UNKNOWN,
      ...(usual && { usual }),
    };
  }

  private async whose(policy: Policy, about: Confined, first: StockProfile): Promise<Recognized['profile']> {
    const [own, others] = stocksFrom(first);
    for (const lacks of [undefined, 'machine'] as const)
      for (const variant of this.variants(about.runtime)) {
        const target = this.target(about, variant, lacks && (await this.lacks()));
        const found =
          (await this.among(own, policy, target)) ??
          this.amongNamed(policy, about, target) ??
          (await this.among(others, policy, target));
        if (found) return found;
      }
    // A runc of another release than the machine's, as one that came with the engine.
    const current = this.target(about, { name: about.runtime ?? 'runc' }, undefined);
    return this.among(own, policy, current);
  }

  private async among(
    stocks: readonly StockProfile[],
    policy: Policy,
    target: ContainerTarget,
  ): Promise<Recognized['profile']> {
    for (const stock of stocks) {
      const meaning = this.stockMeaning(stock, await this.profileOf(stock), target);
      if (meaning && arePoliciesEqual(policy, meaning))
        return { kind: 'stock', name: subjectOf(stock), title: titleOf(stock) };
    }
    return undefined;
  }

  private amongNamed(
    policy: Policy,
    { engine, given }: Confined,
    target: ContainerTarget,
  ): Recognized['profile'] {
    for (const known of given ? [...this.files, given] : this.files) {
      const reader = known.reader ?? engine ?? { name: target.runtime.name };
      const meaning = meaningInContainer(known.profile, reader, target);
      if (meaning && arePoliciesEqual(policy, meaning))
        return { kind: known === given ? 'given' : 'file', name: known.name, title: known.name };
    }
    return undefined;
  }

  /** What may have started it, of this machine's releases. */
  private variants(runtime: Confined['runtime']): ContainerTarget['runtime'][] {
    const names = runtime ? [runtime] : (['runc', 'crun'] as const);
    return names.map((name) => ({ name, release: this.machine.releases[name] }));
  }

  private target(
    { capabilities }: Confined,
    runtime: ContainerTarget['runtime'],
    lacks: readonly string[] | undefined,
  ): ContainerTarget {
    const { native, kernel } = this.machine;
    return { native, kernel, capabilities, runtime, ...(lacks && { lacks }) };
  }

  private lacks(): Promise<readonly string[]> {
    this.lacking ??= this.machine.lacks();
    return this.lacking;
  }

  private stockMeaning(stock: StockProfile, profile: Profile, target: ContainerTarget): Policy | undefined {
    const { capabilities, runtime, lacks } = target;
    const key = [subjectOf(stock), runtime.name, runtime.release, lacks !== undefined, capabilities].join(
      ' ',
    );
    if (!this.meanings.has(key))
      this.meanings.set(key, meaningInContainer(profile, readerOfStock(stock), target));
    return this.meanings.get(key);
  }

  private profileOf(stock: StockProfile): Promise<Profile> {
    const name = subjectOf(stock);
    const known =
      this.profiles.get(name) ??
      stock.text().then((text) => parseProfile(text, { unknownNames: 'skip' }).value!);
    this.profiles.set(name, known);
    return known;
  }
}

/** Whose default counts where an engine has none of its own. */
const STOCK_OF: Readonly<Record<Reader['name'], StockName>> = {
  docker: 'docker',
  podman: 'podman',
  containerd: 'containerd',
  crio: 'crio',
  runc: 'docker',
  crun: 'podman',
};

function defaultOf({ engine }: Confined): StockProfile {
  const name = engine ? STOCK_OF[engine.name] : 'docker';
  const release = engine && STOCK_OF[engine.name] === engine.name ? engine.release : undefined;
  // Before the first release that is known: the first.
  return (
    stockProfile(name, release) ?? stockProfiles().find((stock) => stock.name === name) ?? stockProfile(name)!
  );
}

/** The defaults of one engine, that one first and then the newest, and those of all others. */
function stocksFrom(first: StockProfile): [own: StockProfile[], others: StockProfile[]] {
  const rest = stockProfiles()
    .reverse()
    .filter((stock) => subjectOf(stock) !== subjectOf(first));
  const isOwn = ({ name }: StockProfile) => name === first.name;
  return [[first, ...rest.filter(isOwn)], rest.filter((stock) => !isOwn(stock))];
}

function subjectOf({ name, seen }: StockProfile): string {
  return seen.length > 0 ? `stock:${name}@${seen[0]}` : `stock:${name}`;
}

function titleOf({ name, seen }: StockProfile): string {
  const [first, last] = [seen[0], seen.at(-1)].map((release) => release?.split('.').slice(0, 2).join('.'));
  return `default of ${name} ${first === last ? first : `${first} to ${last}`}`;
}
