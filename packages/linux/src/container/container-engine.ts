/** What knows containers, from the outermost to the innermost: a container of Docker is one of containerd and of runc, too. */
export const ENGINES = ['docker', 'podman', 'crio', 'containerd', 'crun', 'runc'] as const;
export type EngineName = (typeof ENGINES)[number];

/** Engines whose clients tell how a container was started, be it alive or dead. */
export const TELLING_ENGINES = ['docker', 'podman'] as const;
export type TellingEngine = (typeof TELLING_ENGINES)[number];

/** A container cannot be found, or does not run. */
export class NoSuchContainer extends Error {}

/** A name that several containers have; the message names them. */
export class AmbiguousContainer extends NoSuchContainer {}

/** An engine is there and answers with an error; the message is what it says, in one line. */
export class EngineFault extends Error {}

export type ContainerState = 'created' | 'running' | 'paused' | 'stopped';

/** A container as an engine knows it. Texts are as whoever made the container wrote them. */
export interface KnownContainer {
  readonly engine: EngineName;
  /** Whole; of Docker, Podman and CRI-O 64 hexadecimal digits. */
  readonly id: string;
  /** What people call it; the id where it has no name. */
  readonly name: string;
  /** Other names by which it is found. */
  readonly aliases: readonly string[];
  readonly state: ContainerState;
  /** Its first process, on this machine; undefined unless it runs. */
  readonly pid?: number;
  readonly image?: string;
  /** Of containerd. */
  readonly namespace?: string;
  /** As far as the engine says so. */
  readonly privileged?: boolean;
  /** What the engine calls the profile that it was told to use, such as "unconfined" or a path; undefined for its default. */
  readonly seccomp?: string;
  /** The text of the profile that the engine, or its runtime, was given. */
  readonly given?: string;
  /** Who started its first process, where that is said. */
  readonly runtime?: 'runc' | 'crun';
}

/** Something that knows containers. All of them pass one contract suite. */
export interface ContainerEngine {
  readonly name: EngineName;
  /**
   * Every container that it knows, running or not; none where it is not installed or not running. Throws EngineFault when it
   * answers with an error, or not in time.
   */
  list(): Promise<readonly KnownContainer[]>;
  /** The container of that name or id, or whose id begins so; throws AmbiguousContainer where several are meant. */
  find(name: string): Promise<KnownContainer | undefined>;
  /** Its release, such as 20.10.24; undefined where it does not tell. */
  release(): Promise<string | undefined>;
}

/** At least so much of an id stands for the whole, as `docker ps` and `crictl ps` show it. */
const SHORT_ID = /^[0-9a-f]{6,63}$/;

/** The one of an engine's containers that a name means, be it whole or the beginning of an id. */
export function meantContainer(
  all: readonly KnownContainer[],
  name: string,
  titleOf: (container: KnownContainer) => string = (container) => container.name,
): KnownContainer | undefined {
  const exact = all.filter((c) => c.id === name || c.name === name || c.aliases.includes(name));
  const meant = exact.length > 0 || !SHORT_ID.test(name) ? exact : all.filter((c) => c.id.startsWith(name));
  if (meant.length < 2) return meant[0];
  const titles = [...new Set(meant.map(titleOf))];
  const shown = titles.length === meant.length ? titles : meant.map((c) => c.id);
  throw new AmbiguousContainer(
    `several containers of ${meant[0].engine} are meant by ${name}: ${shown.sort().join(', ')}`,
  );
}
