import type { Program } from '@callgate/engine/internal/bpf/instruction';
import type { TestReport } from '@callgate/engine/internal/report/test-report';
import { printable } from '@callgate/engine/internal/report/words';
import type { TestSpec } from '@callgate/engine/internal/spec/spec';
import type { Subject } from '@callgate/engine/internal/subject/subject';
import { TELLING_ENGINES } from '@callgate/linux/internal/container/container-engine';
import type { ContainerHost, ContainerHostName } from '@callgate/linux/internal/container/container-host';
import { machineHost } from '@callgate/linux/internal/container/hosts/host';
import { containerHost } from '@callgate/linux/internal/container/hosts/hosts';
import type { Rights } from '@callgate/linux/internal/launch/trial-program';
import { processStatus } from '@callgate/linux/internal/process/processes';
import { type CallMakers, checkSecurity } from '@callgate/linux/internal/trials/check-security';
import { probeRunner } from '@callgate/linux/internal/trials/container-probe';
import { callsOnThisMachine, callsThrough } from '@callgate/linux/internal/trials/make-calls';
import { runTest } from '@callgate/linux/internal/trials/run-test';
import {
  isUnderSameFilters,
  type Likeness,
  likenessOf,
} from '@callgate/linux/internal/trials/running-container';
import { standardChecks } from '@callgate/linux/internal/trials/standard-checks';
import { CliFailure, type Context } from '../context.ts';
import { targetOf } from '../flags/target-flags.ts';
import { compileSubject } from '../load/compile-subject.ts';
import { loadSubject } from '../load/subject.ts';
import { defaults, type TestedProfile, testedProfile } from '../load/tested-profile.ts';

/** How a test is to be run. */
export interface TestRun {
  readonly profile?: string;
  readonly engine?: ContainerHostName;
  readonly allowUnknown?: boolean;
  readonly stop: AbortSignal;
  onStep(step: string): void;
  /** Is told before anything is started why nothing will. */
  onPredicted(why: string): void;
}

/** Tests what a spec says. */
export async function testSpec(context: Context, spec: TestSpec, run: TestRun): Promise<TestReport> {
  const name = run.profile ?? spec.profile;
  if (name === undefined)
    throw new CliFailure('no profile: write "profile: FILE" into the spec, or give --profile');
  const engine = run.engine ?? spec.engine ?? (spec.image === undefined ? 'host' : 'docker');
  const image = whatRuns(engine, spec);
  const profile = await testedProfile(context, name, engine, { ...run, noNewPrivs: noNewPrivs(spec) });
  const host = await usableHost(engine, profile);
  if (profile.predicted !== undefined) run.onPredicted(profile.predicted);
  if (engine === 'host' && spec.command.length === 0 && spec.entrypoint === undefined)
    throw new CliFailure('the spec says no command, so there is nothing to start on this machine');
  const { options, entrypoint, command } = spec;
  const checked = await runTest(
    { host, plan: { image, options, entrypoint, command }, spec, ...profile, ...progressOf(run) },
    ...callsFor(engine, profile),
  );
  return { engine, profile: name, ...checked };
}

/** An image for engines that have such, the folder of a root file system for runtimes, and either for containerd. */
function whatRuns(engine: ContainerHostName, { image, rootfs }: TestSpec): string | undefined {
  if (engine === 'containerd') return image ?? rootfs;
  if (engine !== 'runc' && engine !== 'crun') return image;
  if (image !== undefined && rootfs === undefined)
    throw new CliFailure(`${engine} by itself has no images: write "rootfs: FOLDER" into the spec`);
  return rootfs;
}

/** Tests a command of this machine: it works as without the profile, and attacks do not. */
export async function testCommand(
  context: Context,
  program: readonly string[],
  run: TestRun,
): Promise<TestReport> {
  const { profile: name, engine = 'host' } = run;
  if (name === undefined)
    throw new CliFailure('no profile is given; write: callgate test --profile PROFILE -- CMD');
  if (engine !== 'host')
    throw new CliFailure(`a command is started on this machine; ${engine} needs a spec that says the image`);
  const profile = await testedProfile(context, name, engine, { ...run, noNewPrivs: true });
  const host = await usableHost(engine, profile);
  if (profile.predicted !== undefined) run.onPredicted(profile.predicted);
  const spec = { functions: [], security: standardChecks() };
  const checked = await runTest(
    {
      host,
      plan: { options: [], command: program },
      spec,
      comparesEnding: true,
      ...profile,
      ...progressOf(run),
    },
    ...callsFor(engine, profile),
  );
  return { engine, profile: name, ...checked };
}

/** Tries attacks under the filter that a process or a container runs under. */
export async function testSubject(context: Context, name: string, run: TestRun): Promise<TestReport> {
  if (run.profile !== undefined || run.engine !== undefined)
    throw new CliFailure(
      `${printable(name)} runs already: leave out --profile and --engine, or write a spec`,
    );
  const subject = await loadSubject(context, name, targetOf({}), { quiet: true });
  if (!subject.programs)
    throw new CliFailure(
      `${printable(name)} is a profile; give it a command: callgate test --profile ${printable(name)} -- CMD`,
    );
  const { policy, programs, target } = subject;
  const test = {
    spec: { functions: [], security: standardChecks() },
    defaultOf: await defaults(target),
    ...progressOf(run),
  };
  const twin = await likeness(name, programs, run);
  const rights = subject.live && rightsOf(subject.live.pid);
  const place = twin ? LIKE_IT : rights ? WITH_ITS_RIGHTS : ON_THIS_MACHINE;
  const standIn = `tried ${place}, under ${programs.length === 0 ? `no filter, as ${name} runs` : `the filter that ${name} runs under`}`;
  const calls = twin ? callsInTwin(twin) : callsHere(filterOf(subject, programs), rights);
  const checks = await checkSecurity(test, calls, policy, []);
  return { engine: twin?.original.host.name ?? 'host', profile: name, standIn, checks };
}

const LIKE_IT = 'in a container of the same image, with the same user, rights and options';
const WITH_ITS_RIGHTS = 'on this machine, with its capabilities';
const ON_THIS_MACHINE = 'on this machine, with the rights of callgate itself';

function callsInTwin({ original, seccomp }: Likeness): CallMakers {
  return {
    confined: callsThrough(probeRunner(original, seccomp)),
    control: callsThrough(probeRunner(original, { kind: 'unconfined' })),
  };
}

function callsHere(filter: Program | undefined, rights: Rights | undefined): CallMakers {
  return { confined: callsOnThisMachine(filter, rights), control: callsOnThisMachine(undefined, rights) };
}

/** What a process and callgate both may; undefined when it is gone. */
function rightsOf(pid: number): Rights | undefined {
  try {
    const [its, own] = [processStatus(pid), processStatus('self')];
    return {
      effective: its.effectiveCapabilities & own.effectiveCapabilities,
      bounding: its.boundingCapabilities,
    };
  } catch {
    return undefined;
  }
}

/** How a container is started that is like the one that is meant; undefined where there is none that has its filter. */
async function likeness(
  name: string,
  programs: readonly Program[],
  { stop, onStep }: TestRun,
): Promise<Likeness | undefined> {
  const engine = TELLING_ENGINES.find((known) => name.startsWith(`${known}:`));
  if (!engine) return undefined;
  onStep('starting a container like it');
  const twin = await likenessOf(engine, name.slice(engine.length + 1), stop);
  return (await isUnderSameFilters(twin, programs)) ? twin : undefined;
}

/** The filter of a process; of several that are stacked, one that decides as all of them. */
function filterOf(subject: Subject, programs: readonly Program[]): Program | undefined {
  return programs.length > 1 ? compileSubject(subject) : programs[0];
}

function progressOf({ stop, onStep }: TestRun): Pick<TestRun, 'stop' | 'onStep'> {
  return { stop, onStep };
}

/** On this machine attacks are made under the filter itself, in containers by a probe. */
function callsFor(
  engine: ContainerHostName,
  profile: TestedProfile,
): Parameters<typeof runTest> extends [unknown, ...infer R] ? R : never {
  if (engine !== 'host') return [];
  return [({ kind }) => callsOnThisMachine(kind === 'profile' ? profile.filter() : undefined)];
}

async function usableHost(engine: ContainerHostName, profile: TestedProfile): Promise<ContainerHost> {
  const host = engine === 'host' ? machineHost(() => profile.filter()) : containerHost(engine);
  const why = await host.unavailable();
  if (why !== undefined) throw new CliFailure(`nothing can be started: ${printable(why)}`);
  return host;
}

function noNewPrivs({ options }: TestSpec): boolean {
  return options.some((option) => /no-new-privileges(?!.*false)/.test(option));
}
