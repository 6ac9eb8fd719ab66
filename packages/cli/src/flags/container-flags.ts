import { FLOOR_RUNTIMES, type FloorChoice } from '@callgate/engine/internal/build/floors';
import { DEFAULT_OF, type RuntimeDefault } from '@callgate/engine/internal/build/runtime-default';
import type { BuildOptions } from '@callgate/engine/internal/build/synthesize';
import { parseProfile } from '@callgate/engine/internal/profile/parse';
import { printable } from '@callgate/engine/internal/report/words';
import { type Command, Option } from 'commander';
import { CliFailure } from '../context.ts';
import { nearestStock } from '../load/stock.ts';
import { givenOnce } from './given-once.ts';
import { releaseNamed, withRelease } from './target-flags.ts';

/** The flags of verbs that make a profile: in which containers it is to work. */
export interface ContainerFlags {
  readonly runtime?: string;
  readonly newPrivs: boolean;
  readonly exec?: boolean;
  readonly init?: boolean;
  readonly caps?: string;
  /** true: what is bounded by default is. */
  readonly looserThan: boolean | string;
}

export function addContainerFlags(command: Command): void {
  command
    .option(
      '--runtime <name[@v]>',
      `for containers of this runtime: with what it calls itself while it starts them, and the conditions of its default profile: ${Object.keys(FLOOR_RUNTIMES).join(', ')}; runc@1.1.15 is one release`,
    )
    .option('--no-new-privs', 'less for --runtime: the container has no_new_privs')
    .option('--exec', 'with --runtime: what docker exec or podman exec needs')
    .option('--init', 'with --runtime: what docker run --init needs')
    .addOption(
      new Option(
        '--no-looser-than <subject>',
        'nothing that this denies, whatever its arguments: stock:docker, a file, docker:web, … (default: for a container the default profile of its runtime; none: no bound)',
      ).argParser(givenOnce('--no-looser-than')),
    )
    .option('--caps <cap,…>', 'of that default profile, what containers with these capabilities get');
}

/** What the flags ask for. */
export async function containerOptionsOf(
  flags: ContainerFlags,
): Promise<Pick<BuildOptions, 'floor' | 'runtimeDefault'>> {
  if (flags.runtime !== undefined) {
    const floor = floorChoice(flags.runtime, flags);
    return { floor, runtimeDefault: await runtimeDefaultOf(floor.runtime, floor.release) };
  }
  if (flags.exec || flags.init || !flags.newPrivs)
    throw new CliFailure('--exec, --init and --no-new-privs go with --runtime');
  return {};
}

/** The floor of a runtime such as runc@1.3, in containers without no_new_privs, into which people execute commands. */
export function floorRuntime(text: string): FloorChoice {
  return floorChoice(text, { newPrivs: true, exec: true, looserThan: true });
}

function floorChoice(text: string, flags: ContainerFlags): FloorChoice {
  const [runtime, release] = withRelease(text);
  if (!Object.hasOwn(FLOOR_RUNTIMES, runtime))
    throw new CliFailure(
      `the floor of "${printable(runtime)}" is not known; it is one of ${Object.keys(FLOOR_RUNTIMES).join(', ')}`,
    );
  if (release !== undefined) releaseNamed(runtime, release);
  return { runtime, release, noNewPrivs: !flags.newPrivs, exec: flags.exec, init: flags.init };
}

/** The profile that containers of a runtime get by default; the release counts where the profile is the runtime's own. */
export async function runtimeDefaultOf(runtime: string, release?: string): Promise<RuntimeDefault> {
  const name = DEFAULT_OF[runtime];
  const stock = nearestStock(name, name === runtime ? release : undefined);
  const { value } = parseProfile(await stock.text(), { unknownNames: 'skip' });
  return { name, profile: value! };
}
