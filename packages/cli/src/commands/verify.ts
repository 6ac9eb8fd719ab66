import { type Difference, diffPolicies } from '@callgate/engine/analysis/diff';
import type { Program } from '@callgate/engine/bpf/instruction';
import { liftPolicy } from '@callgate/engine/lift/lift-policy';
import { Diagram, type NodeId } from '@callgate/engine/policy/diagram';
import { libraryPlan, missingCalls } from '@callgate/engine/policy/library-plan';
import { lowerProfile } from '@callgate/engine/policy/lower';
import { ociForm } from '@callgate/engine/policy/oci-form';
import type { Policy } from '@callgate/engine/policy/policy';
import { parseRelease } from '@callgate/engine/policy/target';
import { stringifyProfile } from '@callgate/engine/profile/stringify';
import { errnoName } from '@callgate/engine/syscalls/arguments';
import {
  containerCapabilities,
  containerPid,
  ENGINES,
  type Engine,
  NoSuchContainer,
} from '@callgate/linux/containers';
import { runLibseccomp } from '@callgate/linux/libseccomp';
import { FiltersUnreadable } from '@callgate/linux/live-filters';
import { thisMachine } from '@callgate/linux/machine';
import {
  filtersOfRuntime,
  OCI_RUNTIMES,
  type OciRuntime,
  RuntimeRefused,
  runtimeVersion,
} from '@callgate/linux/oci-container';
import { examples, type Verb } from '../command.ts';
import { CLEAN, CliFailure, type Context, FINDINGS } from '../context.ts';
import { loadProfileSubject, loadSubject, type ProfileSource, type Subject } from '../input/subject.ts';
import { addTargetFlags, type TargetFlags, targetOf } from '../input/target-flags.ts';
import { differencesDocument, differencesText } from '../output/differences.ts';
import { plural, printable, type Style, styleFor, wrap } from '../output/style.ts';

interface VerifyFlags extends TargetFlags {
  readonly against: string;
  readonly json?: boolean;
}

type ProfileSubject = Subject & { readonly source: ProfileSource };

/** What somebody made of the profile, beside what it should be. */
interface Trial {
  /** Who made it, such as "libseccomp 2.5.4". */
  readonly who: string;
  readonly wanted: Policy;
  readonly wantedRoot: NodeId;
  readonly outcome: { readonly got: Policy; readonly instructions: number } | { readonly failure: string };
  /** Calls, as `ABI NAME`, that its libseccomp does not know and skips: the comparison takes that into account. */
  readonly skipped: readonly string[];
  /** Returns that it left in the wrong byte order, and that were read as they were meant. */
  readonly swapped?: number;
}

export const verify: Verb = {
  name: 'verify',

  configure(command) {
    command
      .argument(
        '<profile>',
        'a profile (JSON or YAML), "-" for stdin, or stock:docker, stock:podman, stock:containerd',
      )
      .option(
        '--against <what>',
        "libseccomp (this machine's, called as the runtime calls it), runc, crun, FILE.bpf, pid:N, docker:NAME, podman:NAME",
        'libseccomp',
      )
      .option('--json', 'one JSON document');
    addTargetFlags(command);
    command.addHelpText(
      'after',
      `
libseccomp runs in a process of its own with a time limit. Its filter is lifted and compared with what
its stated rules make of the profile: equal is a proof; else every call that they decide differently is
shown, with what each says. A container stands for its capabilities, and for the runtime and libseccomp
of this machine. runc and crun create a container that is never started (as root).
Exit status: 0 proven equal, 1 different, 2 could not do it.
${examples('verify profile.json', 'verify stock:docker --arch aarch64,arm', 'verify profile.json --against runc', 'verify profile.json --against docker:web')}`,
    );
  },

  async run(context, command) {
    const [name] = command.processedArgs as [string];
    const flags = command.opts<VerifyFlags>();
    const options = { allowUnknown: flags.allowUnknown, quiet: true, diagram: new Diagram() };
    const subject = await loadProfileSubject(context, name, targetOf(flags), options);
    const trial = await trialOf(context, subject, flags, options.diagram);
    const { outcome, wanted, wantedRoot, who } = trial;
    if ('failure' in outcome) {
      const document = { equal: false, against: who, failure: outcome.failure };
      context.stdout.write(
        flags.json ? `${JSON.stringify(document)}\n` : failureText(context, name, trial, outcome.failure),
      );
      return FINDINGS;
    }
    const abis = [...new Set([...wanted.abis, ...outcome.got.abis])];
    const differences = diffPolicies(options.diagram, wantedRoot, outcome.got.root, abis);
    const { instructions } = outcome;
    const { skipped } = trial;
    const document = {
      against: who,
      instructions,
      skipped,
      ...differencesDocument(options.diagram, differences),
    };
    context.stdout.write(
      flags.json
        ? `${JSON.stringify(document)}\n`
        : text(context, name, trial, instructions, options.diagram, differences),
    );
    return differences.length === 0 ? CLEAN : FINDINGS;
  },
};

async function trialOf(
  context: Context,
  subject: ProfileSubject,
  flags: VerifyFlags,
  diagram: Diagram,
): Promise<Trial> {
  const { against } = flags;
  if (against === 'libseccomp') return libraryTrial(subject, diagram);
  const runtime = OCI_RUNTIMES.find((r) => r === against);
  if (runtime) return runtimeTrial(subject, runtime, diagram);
  const container = containerNamed(against);
  const { policy } = container ? await asInContainer(subject, container, diagram, flags) : subject;
  const other = await loadSubject(context, against, subject.target, { quiet: true, diagram });
  const instructions = other.programs?.reduce((sum, program) => sum + program.length, 0) ?? 0;
  const outcome = { got: other.policy, instructions };
  return { who: printable(against), wanted: policy, wantedRoot: policy.root, outcome, skipped: [] };
}

/** The filter is compared with the policy without the runtime's stub, of which libseccomp knows nothing. */
async function libraryTrial(subject: ProfileSubject, diagram: Diagram): Promise<Trial> {
  const { name, source, target } = subject;
  const { plan, result } = await askLibrary(subject);
  const trial = (who: string, failure: string): Trial => {
    const { policy } = subject;
    return { who, wanted: policy, wantedRoot: policy.withoutStub, outcome: { failure }, skipped: [] };
  };
  switch (result.kind) {
    case 'missing':
      throw new CliFailure(
        'this machine has no libseccomp (libseccomp.so.2); install the package libseccomp2',
      );
    case 'crashed':
      return trial('libseccomp', `crashed (${result.how})`);
    case 'hangs':
      return trial('libseccomp', `did not come to an end within ${plural(result.seconds, 'second')}`);
    case 'refused': {
      const rule = result.call === undefined ? '' : ` for ${plan.calls[result.call].name}`;
      const errno = errnoName(result.errno) ?? `errno ${result.errno}`;
      return trial(
        `libseccomp ${result.release}`,
        `refuses the profile: ${result.step}${rule} gives ${errno}`,
      );
    }
    case 'filter': {
      const lacks = missingCalls(result.lacking);
      const wanted = lowerProfile(source.profile, { ...target, lacks }, diagram).value!;
      const outcome = lift(name, [result.program], wanted, diagram);
      const who = `libseccomp ${result.release}`;
      return {
        who,
        wanted,
        wantedRoot: wanted.withoutStub,
        outcome,
        skipped: [...lacks],
        swapped: result.swapped,
      };
    }
  }
}

async function askLibrary({ policy, source, target }: ProfileSubject) {
  const plan = libraryPlan(source.profile, target)!;
  const foreign = !policy.abis.includes(thisMachine().abi);
  return { plan, result: await runLibseccomp(plan, { foreign, endian: policy.endian }) };
}

/** The engines' own runtimes. */
const RUNTIME_OF: Readonly<Record<Engine, OciRuntime>> = { docker: 'runc', podman: 'crun' };

/**
 * The profile on the target that a container stands for, as far as the user did not say it: its capabilities, the
 * release of this machine's runtime, and what this machine's libseccomp knows.
 */
async function asInContainer(
  subject: ProfileSubject,
  { engine, name }: { engine: Engine; name: string },
  diagram: Diagram,
  flags: VerifyFlags,
): Promise<{ policy: Policy }> {
  const { source, target } = subject;
  const version = await runtimeVersion(RUNTIME_OF[engine]);
  const runtime = target.runtime ?? {
    name: engine === 'docker' ? ('docker' as const) : ('podman' as const),
    release: engine === 'docker' && version ? parseRelease(version.release) : undefined,
  };
  const capabilities =
    flags.caps === undefined ? containerCapabilities(await pidOf(engine, name)) : target.capabilities;
  const { result } = await askLibrary(subject);
  const lacks = result.kind === 'filter' ? missingCalls(result.lacking) : undefined;
  const lowered = lowerProfile(source.profile, { ...target, runtime, capabilities, lacks }, diagram);
  if (lowered.value) return { policy: lowered.value };
  throw new CliFailure(`${engine} would refuse ${printable(subject.name)}`);
}

function containerNamed(text: string): { engine: Engine; name: string } | undefined {
  const engine = ENGINES.find((e) => text.startsWith(`${e}:`));
  return engine && { engine, name: text.slice(engine.length + 1) };
}

async function pidOf(engine: Engine, name: string): Promise<number> {
  try {
    return await containerPid(engine, name);
  } catch (fault) {
    throw fault instanceof NoSuchContainer ? new CliFailure(printable(fault.message)) : fault;
  }
}

async function runtimeTrial(subject: ProfileSubject, runtime: OciRuntime, diagram: Diagram): Promise<Trial> {
  const { source, target, name } = subject;
  const version = await runtimeVersion(runtime);
  if (version === undefined) throw new CliFailure(`${runtime} is not installed`);
  const profile = ociForm(source.profile, target);
  const { result } = await askLibrary(subject);
  const sameLibrary = result.kind === 'filter' && (version.libseccomp ?? result.release) === result.release;
  const lacks = sameLibrary ? missingCalls(result.lacking) : undefined;
  const release = parseRelease(version.release);
  const wanted = lowerProfile(
    profile,
    { ...target, abis: undefined, lacks, runtime: { name: runtime, release } },
    diagram,
  ).value;
  const who = `${runtime} ${version.release}`;
  if (!wanted) throw new CliFailure(`by its rules ${who} refuses ${printable(name)}`);
  try {
    const programs = await filtersOfRuntime(runtime, stringifyProfile(profile));
    const outcome = lift(name, programs, wanted, diagram);
    return { who, wanted, wantedRoot: wanted.root, outcome, skipped: [...(lacks ?? [])] };
  } catch (fault) {
    if (fault instanceof RuntimeRefused || fault instanceof FiltersUnreadable)
      throw new CliFailure(printable(fault.message));
    throw fault;
  }
}

function lift(
  name: string,
  programs: readonly Program[],
  wanted: Policy,
  diagram: Diagram,
): Trial['outcome'] {
  const lifted = liftPolicy(programs, diagram, wanted.endian, wanted.abis[0].name);
  if (lifted.fault)
    throw new CliFailure(
      `the filter made of ${printable(name)}: instruction ${lifted.fault.at}: ${lifted.fault.why}`,
    );
  return { got: lifted.policy, instructions: programs.reduce((sum, program) => sum + program.length, 0) };
}

function failureText(context: Context, name: string, { who }: Trial, failure: string): string {
  const style = styleFor(context.stdout, context.env);
  return `${style.bold(printable(name))} → ${style.bold(who)}: ${style.red('different')}\n  by its stated rules the profile has a meaning, but ${who} ${failure}\n`;
}

function text(
  context: Context,
  name: string,
  { who, skipped, swapped = 0 }: Trial,
  instructions: number,
  diagram: Diagram,
  differences: readonly Difference[],
): string {
  const style = styleFor(context.stdout, context.env);
  const head = `${style.bold(printable(name))} → ${style.bold(who)} (${plural(instructions, 'instruction')})`;
  const body =
    differences.length === 0
      ? `${head}: ${style.green('proven equal')}\n  The filter decides every possible call as the profile's stated meaning does.\n`
      : `${head}: ${differencesText(style, diagram, differences)}`;
  return body + swappedText(swapped) + skippedText(style, who, skipped);
}

/** Only a filter for a machine of the other byte order can have such returns. */
function swappedText(swapped: number): string {
  if (swapped === 0) return '';
  return `  ${plural(swapped, 'return')} in this machine's byte order ${swapped === 1 ? 'was' : 'were'} read as a machine of the other order writes them.\n`;
}

/** Names that are too new for the library: it skips them, so those calls get the default action. */
function skippedText(style: Style, who: string, skipped: readonly string[]): string {
  if (skipped.length === 0) return '';
  const byAbi = new Map<string, string[]>();
  for (const call of skipped) {
    const [abi, name] = call.split(' ');
    byAbi.set(abi, [...(byAbi.get(abi) ?? []), name]);
  }
  const lists = [...byAbi].map(([abi, names]) => `${wrap([`${abi}:`, ...names], '    ')}\n`);
  return `  ${style.yellow('Not known to')} ${who}, so these get the default action there:\n${lists.join('')}`;
}
