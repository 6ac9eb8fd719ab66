import { readFileSync } from 'node:fs';
import type { Program } from '@callgate/engine/internal/bpf/instruction';
import { liftPolicy } from '@callgate/engine/internal/lift/lift-policy';
import { arePoliciesEqual } from '@callgate/engine/internal/policy/policy';
import type { TellingEngine } from '../container/container-engine.ts';
import type { SeccompChoice } from '../container/container-host.ts';
import { lastWords, runClient } from '../container/hosts/client.ts';
import { containerHost } from '../container/hosts/hosts.ts';
import { thisMachine } from '../machine.ts';
import { readFilters } from '../process/live-filters.ts';
import { inSibling, type Original } from './container-probe.ts';
import { pauseProgram } from './pause-program.ts';
import { TestImpossible } from './profile-test.ts';

/** How another container is started that is like one that runs. */
export interface Likeness {
  readonly original: Original;
  readonly seccomp: SeccompChoice;
}

/** What engines tell of a container, as far as it bears on what a process in it may do. */
interface Told {
  readonly Image: string;
  readonly Config?: { readonly User?: string };
  readonly HostConfig?: {
    readonly Privileged?: boolean;
    readonly ReadonlyRootfs?: boolean;
    readonly UsernsMode?: string;
    readonly CapAdd?: readonly string[] | null;
    readonly CapDrop?: readonly string[] | null;
    readonly SecurityOpt?: readonly string[] | null;
  };
}

/** How to start a container of the same image, user, capabilities and security options as one that runs; without a network. */
export async function likenessOf(engine: TellingEngine, name: string, stop: AbortSignal): Promise<Likeness> {
  const end = await runClient([engine, 'inspect', '--type', 'container', name]);
  if (end.status !== 0) throw new TestImpossible(lastWords(end));
  const [{ Image: image, Config = {}, HostConfig = {} }] = JSON.parse(end.stdout.toString('utf8')) as [Told];
  const { SecurityOpt, CapAdd, CapDrop, Privileged, ReadonlyRootfs, UsernsMode } = HostConfig;
  const security = SecurityOpt ?? [];
  const options = [
    ...['--network', 'none'],
    ...(Privileged ? ['--privileged'] : []),
    ...(ReadonlyRootfs ? ['--read-only'] : []),
    ...(UsernsMode ? ['--userns', UsernsMode] : []),
    ...(Config.User ? ['--user', Config.User] : []),
    ...(CapAdd ?? []).flatMap((capability) => ['--cap-add', capability]),
    ...(CapDrop ?? []).flatMap((capability) => ['--cap-drop', capability]),
    ...security.filter((option) => !SECCOMP.test(option)).flatMap((option) => ['--security-opt', option]),
  ];
  const own = security.find((option) => SECCOMP.test(option))?.replace(SECCOMP, '');
  return {
    original: { host: containerHost(engine), plan: { image, options, command: [] }, stop },
    seccomp: own === undefined ? { kind: 'default' } : choiceOf(own),
  };
}

const SECCOMP = /^seccomp[=:]/;

/** Docker keeps a profile's text, Podman the path of its file. */
function choiceOf(own: string): SeccompChoice {
  if (own === 'unconfined') return { kind: 'unconfined' };
  if (own.trimStart().startsWith('{')) return { kind: 'profile', text: own };
  try {
    return { kind: 'profile', text: readFileSync(own, 'utf8') };
  } catch {
    throw new TestImpossible(`its profile ${own} can no longer be read`);
  }
}

/** Whether a container that is started like another one runs under the same filters; undefined where they cannot be compared. */
export async function isUnderSameFilters(
  { original, seccomp }: Likeness,
  filters: readonly Program[],
): Promise<boolean | undefined> {
  return inSibling(original, seccomp, pauseProgram(), async (container) => {
    const pid = await container.pid();
    if (pid === undefined) return undefined;
    return meanTheSame(readFilters(pid), filters);
  });
}

/** A runtime may write the same filter in another order each time. */
function meanTheSame(some: readonly Program[], others: readonly Program[]): boolean {
  if (JSON.stringify(some) === JSON.stringify(others)) return true;
  const native = thisMachine().abi.name;
  const [one, other] = [some, others].map((programs) => liftPolicy(programs, native).policy);
  return one !== undefined && other !== undefined && arePoliciesEqual(one, other);
}
