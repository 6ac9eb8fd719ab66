import { spawnSync } from 'node:child_process';
import type { Ended } from '../callgate.ts';
import type { EngineArea } from '../finding.ts';

/** A container to start. Without a profile it gets the engine's own, or one that denies a single call. */
export interface Plan {
  readonly command: readonly string[];
  /** The file of a profile. */
  readonly profile?: string;
  /** It has no filter at all. */
  readonly unconfined?: boolean;
  readonly noNewPrivs?: boolean;
  readonly hook?: PlannedHook;
}

/** A hook that the runtime is to start: as `callgate hook install` has written it, and the annotation that it acts on. */
export interface PlannedHook {
  /** The folder of the hook file. */
  readonly folder: string;
  /** What of that file an OCI runtime's config.json takes. */
  readonly entry: object;
  readonly annotation: readonly [key: string, value: string];
}

/** A container that goes on until it is removed. */
export interface Started {
  readonly name: string;
  /** Its first process, as this machine numbers it. */
  readonly pid: number;
}

/** A container that callgate can already be told of, and that has not begun. */
export interface Prepared {
  readonly name: string;
  /** How callgate is told to record it from its first call on. */
  readonly target: readonly string[];
  /** What callgate then says when it is ready. */
  readonly ready: RegExp;
  begin(): void;
}

/** The program that starts an engine's containers, as `--runtime` names it. */
export interface Runtime {
  readonly name: 'runc' | 'crun';
  readonly release: string;
}

/** An engine that is ready to start containers of a root file system. */
export interface Host {
  readonly release: string;
  readonly runtime: Runtime;
  /** Why no hook can be planned; undefined when one can. */
  readonly whyNoHooks?: string;
  /** Runs a container to its end. */
  run(plan: Plan): Ended;
  start(plan: Plan): Started;
  prepare(plan: Plan): Prepared;
  remove(name: string): void;
  /** Ends what `open` has started. */
  close(): Promise<void>;
}

/** A program with which people start containers. */
export interface Engine {
  readonly area: EngineArea;
  /** What must be installed. */
  readonly programs: readonly string[];
  /** @param root a root file system; @param folder an empty one for whatever is needed. */
  open(root: string, folder: string): Promise<Host>;
}

const TIME_LIMIT_MS = 60_000;

/** Runs a command of an engine to its end. */
export function ran(program: string, args: readonly string[]): Ended {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    encoding: 'utf8',
    timeout: TIME_LIMIT_MS,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return { status: status ?? 255, stdout, stderr: error ? `${stderr}\n${error.message}` : stderr };
}

/** What a command prints; an error that tells what it said when it does not end with 0. */
export function answerOf(program: string, args: readonly string[]): string {
  const { status, stdout, stderr } = ran(program, args);
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: status ${status}: ${stderr.trim()}`);
  return stdout.trim();
}

/** The release of an installed runtime. */
export function runtimeOf(name: Runtime['name']): Runtime {
  const release = /version (\d+\.\d+(?:\.\d+)?)/.exec(answerOf(name, ['--version']))?.[1];
  if (release === undefined) throw new Error(`${name} does not tell its release`);
  return { name, release };
}

let made = 0;

/** A name that no other container has. */
export function newName(): string {
  return `contract-${++made}`;
}
