import { dirname, resolve } from 'node:path';
import type { FloorChoice } from '@callgate/engine/internal/build/floors';
import { printable } from '@callgate/engine/internal/report/words';
import type { ContainerPlan } from '@callgate/linux/internal/container/container-host';
import { readDocument } from '@callgate/workload/internal/documents/read-document';
import { isCompose } from '@callgate/workload/internal/engines/compose';
import { composeRun } from '@callgate/workload/internal/engines/compose-run';
import {
  type RunCommand,
  type RunEngine,
  type RunOption,
  readRunCommand,
  runWords,
} from '@callgate/workload/internal/engines/run-command';
import { capabilitySet } from '@callgate/workload/internal/kubernetes/capability-set';
import { CliFailure, type Context } from '../context.ts';
import { shellWord } from '../terminal/shell-word.ts';
import { engineRun } from './record-engine-run.ts';

/** A container as "docker run" describes it, without its name, its terminal, and how it comes and goes. */
export interface TriedContainer {
  readonly engine: 'docker' | 'podman';
  readonly plan: Omit<ContainerPlan, 'seccomp'>;
  readonly floor: FloorChoice;
  /** As CAP_* names. */
  readonly capabilities: readonly string[];
  /** What shows that it is healthy, where it says so itself. */
  readonly health?: readonly [string, ...string[]];
  /** Options that are not taken over. */
  readonly leftOut: readonly string[];
}

const HOW_TO = 'write: callgate try … -- docker run … IMAGE …';
/** callgate names its containers, waits for them and removes them itself, and nobody types into them. */
const OWN = new Set(
  '--attach --cidfile --conmon-pidfile --detach --detach-keys --interactive --name --pidfile --quiet --replace --restart --rm --sig-proxy --tty'.split(
    ' ',
  ),
);
/** What nobody would miss. */
const SILENT = new Set('--attach --detach --interactive --name --quiet --rm --tty'.split(' '));

/** What "docker run …" or "podman run …" starts, or a failure that says why it cannot be tried. */
export function triedContainer(words: readonly string[]): TriedContainer {
  if (words.length === 0) throw new CliFailure(`no container given; ${HOW_TO}`);
  const run = engineRun(words);
  if (!run) throw new CliFailure(`"${printable(words.join(' '))}" starts no container; ${HOW_TO}`);
  if (run.at.engine > 0 || run.at.action !== 1)
    throw new CliFailure(
      `callgate starts the containers itself, so nothing may stand before ${run.engine} and "run"; ${HOW_TO.replace('docker', run.engine)}`,
    );
  const read = readRunCommand(run.engine, run.words.slice(2));
  if (!read.value) throw new CliFailure(printable(read.fault));
  return containerOf(run.engine, read.value);
}

/** The container of a service of a compose file, alone; with what its healthcheck runs. */
export function triedService(
  context: Context,
  { file, text }: { readonly file: string; readonly text: string },
  services: readonly string[],
): TriedContainer {
  const [service, ...others] = services;
  if (service === undefined || others.length > 0)
    throw new CliFailure(
      others.some((word) => word.startsWith('-'))
        ? `options go before the name of the service: callgate try --compose ${shellWord(file)} … ${shellWord(service!)}`
        : '--compose FILE takes the name of one service, and no command',
    );
  const { tree, faults } = readDocument(text);
  if (!tree || !isCompose(tree))
    throw new CliFailure(
      `${printable(file)} is no compose file${faults[0] ? `: ${printable(faults[0].message)}` : ''}`,
    );
  const folder = dirname(resolve(context.cwd, file));
  const { value, fault } = composeRun(tree, service, { folder, environment: context.env });
  if (!value) throw new CliFailure(printable(fault));
  const tried = containerOf('docker', value);
  return { ...tried, health: value.health, leftOut: [...tried.leftOut, ...value.leftOut] };
}

function containerOf(engine: RunEngine, { options, image, command }: RunCommand): TriedContainer {
  expectTriable(options);
  return {
    engine,
    plan: { image, command, files: {}, options: runWords(options.filter(({ name }) => !OWN.has(name))) },
    floor: floorOf(engine, options),
    capabilities: capabilitiesOf(engine, options),
    leftOut: [...new Set(options.map(({ name }) => name).filter((n) => OWN.has(n) && !SILENT.has(n)))],
  };
}

function expectTriable(options: readonly RunOption[]): void {
  if (options.some(({ name }) => name === '--privileged'))
    throw new CliFailure('a privileged container runs without a filter; leave --privileged out');
  if (securityOptions(options).some((value) => /^seccomp[=:]/.test(value)))
    throw new CliFailure('the profile is what is looked for: leave --security-opt seccomp=… out');
}

function securityOptions(options: readonly RunOption[]): string[] {
  return options.flatMap(({ name, value }) => (name === '--security-opt' ? [value ?? ''] : []));
}

/** People execute commands in containers, and --health does. */
function floorOf(runtime: string, options: readonly RunOption[]): FloorChoice {
  return {
    runtime,
    noNewPrivs: securityOptions(options).some((value) => /^no-new-privileges(?:[=:]true)?$/.test(value)),
    exec: true,
    init: options.some(({ name }) => name === '--init'),
  };
}

function capabilitiesOf(engine: 'docker' | 'podman', options: readonly RunOption[]): readonly string[] {
  const span = { start: 0, end: 0 };
  const named = (option: string) =>
    options
      .filter(({ name }) => name === option)
      .flatMap(({ value = '' }) => value.split(','))
      .map((name) => ({ name: name.toUpperCase(), span }));
  return capabilitySet(engine, named('--cap-add'), named('--cap-drop')).bounding;
}
