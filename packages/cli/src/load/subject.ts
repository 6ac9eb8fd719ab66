import { decodeProgram } from '@callgate/engine/internal/bpf/encode';
import type { Program } from '@callgate/engine/internal/bpf/instruction';
import { liftPolicy } from '@callgate/engine/internal/lift/lift-policy';
import { lintFacts } from '@callgate/engine/internal/lint/lint';
import { lowerProfile } from '@callgate/engine/internal/policy/lower';
import type { Policy } from '@callgate/engine/internal/policy/policy';
import { parseProfile } from '@callgate/engine/internal/profile/parse';
import type { Profile } from '@callgate/engine/internal/profile/profile';
import { printable } from '@callgate/engine/internal/report/words';
import type { Target } from '@callgate/engine/internal/runtime/target';
import { lineMap, type Position } from '@callgate/engine/internal/source/line-map';
import { formatOf } from '@callgate/engine/internal/source/read';
import { abiOf } from '@callgate/engine/internal/syscalls/arch';
import { CliFailure, type Context } from '../context.ts';
import { expectValue, warn } from './faults.ts';
import { liveFilters } from './live-filters.ts';
import { readBytes, textOf } from './read-text.ts';

/** What a user may name wherever a filter is read, for --help. */
export const SUBJECT_HELP =
  'a profile (JSON or YAML), a filter (FILE.bpf), "-" for stdin, pid:N, docker:NAME, podman:NAME, or stock:docker, stock:podman, stock:containerd, stock:none';

/** A filter as the user named it, and what it means on a target. */
export interface Subject {
  readonly name: string;
  readonly target: Target;
  readonly policy: Policy;
  /** Where it is a profile. */
  readonly source?: ProfileSource;
  /** Where it is made of programs, the newest first. */
  readonly programs?: readonly Program[];
}

/** A profile and its text. */
export interface ProfileSource {
  readonly profile: Profile;
  /** Where an offset of the text is. */
  positionOf(offset: number): Position;
}

export interface LoadOptions {
  readonly allowUnknown?: boolean;
  /** Keeps warnings to itself. */
  readonly quiet?: boolean;
}

/** Reads a subject and finds its meaning; faults end the command, warnings go to stderr unless `quiet`. */
export async function loadSubject(
  context: Context,
  name: string,
  target: Target,
  options: LoadOptions,
): Promise<Subject> {
  const stock = stockProfile(name);
  if (stock) return profileSubject(context, name, await stock(), target, { ...options, quiet: true });
  const live = await liveFilters(name);
  if (live) return programSubject(name, live, target);
  const bytes = await readBytes(context, name);
  if (isProgram(name, bytes)) return programSubject(name, [decode(name, bytes, target)], target);
  return profileSubject(context, name, textOf(bytes, name), target, options);
}

/** The programs of a subject, the newest first, as they stand: they need not be such that a kernel takes them. */
export async function loadPrograms(
  context: Context,
  name: string,
  target: Target,
): Promise<readonly Program[]> {
  const live = await liveFilters(name);
  if (live) return live;
  const bytes = name.startsWith('stock:') ? new Uint8Array() : await readBytes(context, name);
  if (isProgram(name, bytes) && bytes.length > 0) return [decode(name, bytes, target)];
  throw new CliFailure(
    `${printable(name)} is no filter (struct sock_filter[]); of a profile callgate compile shows the filter that it becomes`,
  );
}

/** The same, for commands that need a profile and not just a filter. */
export async function loadProfileSubject(
  context: Context,
  name: string,
  target: Target,
  options: LoadOptions,
): Promise<Subject & { readonly source: ProfileSource }> {
  const subject = await loadSubject(context, name, target, options);
  const { source } = subject;
  if (source) return { ...subject, source };
  throw new CliFailure(`${printable(name)} is a filter; a profile is needed: callgate decompile makes one`);
}

function profileSubject(
  context: Context,
  name: string,
  text: string,
  target: Target,
  options: LoadOptions,
): Subject {
  const unknownNames = options.allowUnknown ? 'skip' : 'refuse';
  const parsed = parseProfile(text, { format: formatOf(text, name), unknownNames });
  const profile = expectValue(parsed, name, text);
  const lowered = lowerProfile(profile, target);
  const policy = expectValue(lowered, name, text);
  if (!options.quiet) {
    const abis = policy.abis.map((abi) => abi.name);
    const findings = lintFacts(lowered.facts, abis);
    warn(context, [...parsed.diagnostics, ...lowered.diagnostics, ...findings], name, text);
  }
  return { name, target, policy, source: { profile, positionOf: lineMap(text) } };
}

function programSubject(name: string, programs: readonly Program[], target: Target): Subject {
  const lifted = liftPolicy(programs, target.native);
  if (lifted.policy) return { name, target, policy: lifted.policy, programs };
  const { program, at, why } = lifted.fault;
  const which = programs.length > 1 ? `filter ${program + 1} of ${programs.length}, ` : '';
  throw new CliFailure(`${printable(name)}: ${which}instruction ${at}: ${why} [bad-filter]`);
}

const ALLOW_EVERYTHING = '{"defaultAction":"SCMP_ACT_ALLOW"}';

/** The default profiles that callgate knows, as they stand in the runtimes' sources. */
const STOCK: Readonly<Record<string, () => Promise<string>>> = {
  docker: async () => (await import('@callgate/engine/internal/stock/generated/docker')).DOCKER_PROFILE,
  podman: async () => (await import('@callgate/engine/internal/stock/generated/podman')).PODMAN_PROFILE,
  containerd: async () =>
    (await import('@callgate/engine/internal/stock/generated/containerd')).CONTAINERD_PROFILE,
  none: async () => ALLOW_EVERYTHING,
};

function stockProfile(name: string): (() => Promise<string>) | undefined {
  if (!name.startsWith('stock:')) return undefined;
  const key = name.slice('stock:'.length);
  if (Object.hasOwn(STOCK, key)) return STOCK[key];
  throw new CliFailure(
    `there is no ${printable(name)}; it is one of ${Object.keys(STOCK)
      .map((key) => `stock:${key}`)
      .join(', ')}`,
  );
}

/** struct sock_filter[] has zero bytes; text has none. */
function isProgram(name: string, bytes: Uint8Array): boolean {
  return name.endsWith('.bpf') || (bytes.includes(0) && bytes.length % 8 === 0);
}

function decode(name: string, bytes: Uint8Array, target: Target): Program {
  const program = decodeProgram(bytes, abiOf(target.native).endian);
  if (program) return program;
  throw new CliFailure(
    `${printable(name)}: ${bytes.length} bytes are no whole number of 8-byte instructions [bad-filter]`,
  );
}
