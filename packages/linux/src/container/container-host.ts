/** Engines and runtimes that callgate can start a container with; "host" is none, a program of this machine. */
export const CONTAINER_HOSTS = ['host', 'docker', 'podman', 'containerd', 'runc', 'crun'] as const;
export type ContainerHostName = (typeof CONTAINER_HOSTS)[number];

/** Under which seccomp profile a container runs. */
export type SeccompChoice =
  | { readonly kind: 'default' }
  | { readonly kind: 'unconfined' }
  /** The text of an OCI or Docker profile. */
  | { readonly kind: 'profile'; readonly text: string };

/** A container to start. */
export interface ContainerPlan {
  /** An image's reference for docker, podman and containerd; the folder of a root file system for runc and crun (none: an empty one). */
  readonly image?: string;
  /** Options of the engine's "run" that somebody gave, such as -p 8080:80 or --cap-add NET_ADMIN. */
  readonly options: readonly string[];
  /** Run instead of the image's entry point. */
  readonly entrypoint?: string;
  /** Arguments of the entry point; none: the image's command. */
  readonly command: readonly string[];
  readonly seccomp: SeccompChoice;
  /** Files of this machine that the container sees, read-only: their paths inside by their paths here. */
  readonly files: Readonly<Record<string, string>>;
}

/** What a command ended with; the status is 128 + n for signal n. */
export interface CommandEnd {
  readonly status: number;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  /** It did not end in time, and was ended. */
  readonly isCut?: true;
}

/** A container that was started; its name is `ownName('container')`, so that doctor --clean finds it. */
export interface StartedContainer {
  readonly id: string;
  /** Its first process on this machine; undefined when it has ended. */
  pid(): Promise<number | undefined>;
  /** Runs a command inside it, as the engine's "exec" does, under the container's profile. */
  exec(command: readonly [string, ...string[]], timeLimitMs: number): Promise<CommandEnd>;
  /** Waits until it has ended; undefined when the time is over and it still runs. */
  ended(timeLimitMs: number): Promise<CommandEnd | undefined>;
  /** What it has written up to now. */
  output(): Promise<{ readonly stdout: Buffer; readonly stderr: Buffer }>;
  /** Sends SIGTERM as the engine's "stop" does, then SIGKILL; resolves when it has ended. */
  stop(): Promise<void>;
  /** Ends and removes it, with all that was made for it; safe to call twice. */
  remove(): Promise<void>;
}

/** One way of starting containers. All of them pass one contract suite. */
export interface ContainerHost {
  readonly name: ContainerHostName;
  /** Why it cannot be used here; undefined when it can. */
  unavailable(): Promise<string | undefined>;
  /** Starts a container; throws `ContainerRefused` with the engine's own words when it does not come up. */
  start(plan: ContainerPlan): Promise<StartedContainer>;
}

/** An engine did not start a container; the message is what it said, in one line. */
export class ContainerRefused extends Error {}
