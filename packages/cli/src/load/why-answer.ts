import { capabilitiesIn } from '@callgate/engine/internal/profile/capabilities';
import type { DenialContext } from '@callgate/engine/internal/report/denial';
import { listed, printable } from '@callgate/engine/internal/report/words';
import type { Target } from '@callgate/engine/internal/runtime/target';
import { type AbiName, abiOf } from '@callgate/engine/internal/syscalls/arch';
import { numberOf } from '@callgate/engine/internal/syscalls/lookup';
import type { DeniedCall, Outcome } from '@callgate/engine/internal/why/denied-call';
import { exitMeaning } from '@callgate/engine/internal/why/exit-status';
import {
  type ExplainedDenial,
  explainDenial,
  likeliest,
} from '@callgate/engine/internal/why/explained-denial';
import { killingCalls } from '@callgate/engine/internal/why/killing-calls';
import type { Confinement } from '@callgate/engine/internal/why/other-causes';
import { NoSuchContainer } from '@callgate/linux/internal/container/container-engine';
import {
  type InspectedContainer,
  inspectContainer,
} from '@callgate/linux/internal/container/inspect-container';
import { isAlive, processStatus, securityLabel } from '@callgate/linux/internal/process/processes';
import { callPlaceIn, callPlaceInFile, callPlaceText } from '@callgate/linux/internal/symbols/where-called';
import { CliFailure, type Context } from '../context.ts';
import type { TargetFlags } from '../flags/target-flags.ts';
import { shellWord } from '../terminal/shell-word.ts';
import { fixCommand } from './fix-command.ts';
import { containerFilter, type KnownFilter, namedFilter, processFilters } from './suspect-filters.ts';
import { type ToldDenial, toldByName, toldByText } from './told-denials.ts';
import { isUnstarted, toldOfContainer, toldOfProcess } from './told-of-subject.ts';
import type { WhyQuestion } from './why-question.ts';

/** One denial, explained, and what is told beside it. */
export interface ToldAnswer {
  readonly denial: ExplainedDenial;
  readonly context: DenialContext;
}

/** What was found out. */
export interface WhyAnswer {
  readonly denials: readonly ToldAnswer[];
  /** What was looked at and found, a sentence each. */
  readonly notes: readonly string[];
  /** Whether anything was understood at all. */
  readonly isUnderstood: boolean;
  /** Whether a filter has certainly refused something, though nobody tells which call. */
  readonly isSurely: boolean;
}

/** How the answer is to be found. */
export interface WhyOptions {
  readonly target: Target;
  readonly flags: TargetFlags;
  /** Names of profiles: the first is the workload's, the others stand beside it. */
  readonly profiles: readonly string[];
  /** The program's file, for the names of its functions. */
  readonly exe?: string;
  readonly quiet: boolean;
}

/** Everything that is known when the question is answered. */
interface Known {
  readonly told: readonly ToldDenial[];
  readonly filters: readonly KnownFilter[];
  readonly confinement: Confinement;
  readonly container?: InspectedContainer;
  readonly notes: readonly string[];
  readonly isUnderstood: boolean;
  readonly isSurely: boolean;
  /** Whether the kernel's logs were looked through for it. */
  readonly isSearched: boolean;
}

/** Answers a question about a denial. */
export async function whyAnswer(
  context: Context,
  question: WhyQuestion,
  options: WhyOptions,
): Promise<WhyAnswer> {
  const known = await gather(context, question, options);
  const { isSurely, isUnderstood, filters } = known;
  const heard = explainedOf(known.told, known);
  const sure = heard.filter(({ told, denial }) => !told.isByTime || isCausedByFilter(denial));
  const guessed = sure.length === 0 && isSurely ? explainedOf(guesses(known, options), known) : [];
  const kept = sure.length > 0 || !isSurely ? sure : guessed.length > 0 ? guessed : heard;
  const denials = kept.map(({ told, denial, alike }) => ({
    denial,
    context: contextOf(denial, [...told.evidence, ...alikeTexts(alike)], known, options),
  }));
  const isOpen = isSurely && denials.length === 0;
  const whatKills = isOpen ? filters.map((filter) => killingText(filter, machineOf(options))) : [];
  const notes = [...known.notes, ...whatKills, ...(isOpen ? [WHO_TELLS] : [])];
  return { denials, notes, isUnderstood, isSurely };
}

function explainedOf(all: readonly ToldDenial[], { filters, confinement }: Known) {
  return all.flatMap((told) => {
    const found = likeliest(told.suspects.map((call) => explainDenial(call, filters, confinement)));
    return found ? [{ told, ...found }] : [];
  });
}

/** Where nobody has written down which call it was: those for which a filter kills, if they are few. */
function guesses({ filters, isSearched }: Known, options: WhyOptions): ToldDenial[] {
  const arch = machineOf(options);
  const silent = isSearched ? 'no log has it' : 'this does not tell which call it was, and dmesg may';
  return filters.flatMap(({ name, policy }) => {
    const calls = killingCalls(policy, arch);
    if (calls === 'most' || calls.length === 0 || calls.length > MOST_GUESSES) return [];
    const suspects = calls.map((call): DeniedCall => {
      const outcome = { kind: 'sigsys' } as const;
      return { arch, nr: numberOf(arch, call)!, name: call, outcome, times: 1, program: {} };
    });
    return [{ suspects, evidence: [`${silent}; ${printable(name)} kills for ${listed(calls)} alone`] }];
  });
}

const MOST_GUESSES = 8;

function alikeTexts(alike: readonly string[]): string[] {
  return alike.length > 0 ? [`it can have been ${listed(alike)} instead, which it refuses alike`] : [];
}

/** Records that were taken for a container's by their time alone are others' where its filter cannot have caused them. */
function isCausedByFilter({ judgement: { filter, isOtherwise } }: ExplainedDenial): boolean {
  return filter !== undefined && !isOtherwise;
}

async function gather(context: Context, question: WhyQuestion, options: WhyOptions): Promise<Known> {
  const container = question.container === undefined ? undefined : await inspected(question.container);
  const pid = question.pid ?? container?.pid;
  const target = container
    ? {
        ...options.target,
        capabilities: options.flags.caps === undefined ? container.capabilities : options.target.capabilities,
      }
    : options.target;
  const named = await filtersOf(context, container, target, options);
  const live = pid === undefined ? undefined : await processFilters(pid, target, named);
  const filters = [...named, ...(live?.filters ?? [])];
  // What is asked about is told already; else the kernel's log tells what there is.
  const isTold = question.text !== undefined || question.call !== undefined;
  const process =
    question.pid === undefined
      ? undefined
      : toldOfProcess(question, question.pid, machineOf(options), isTold);
  const text =
    question.text === undefined
      ? undefined
      : toldByText(question.text, machineOf(options), abiOf(options.target.native).name);
  const ofContainer = container && (await toldOfContainer(container, machineOf(options), isTold));
  const exit = question.exit ?? (container && hasEnded(container) ? container.exitCode : undefined);
  const meaning = exit === undefined ? undefined : exitMeaning(exit);
  const outcome: Outcome = text?.unnamed ?? { kind: meaning?.seccomp === 'surely' ? 'sigsys' : 'unknown' };
  const byName =
    question.call === undefined ? [] : [toldByName(question.call, options.target.native, outcome)];
  const told = [
    ...(text?.denials ?? []),
    ...byName,
    ...(ofContainer?.denials ?? []),
    ...(process?.denials ?? []),
  ];
  if (question.pid !== undefined && !isAlive(question.pid) && told.length === 0 && meaning === undefined)
    throw new CliFailure(`there is no process ${question.pid}, and no log tells of a denial of it`);
  return {
    told,
    filters,
    ...(container && { container }),
    confinement: confinementOf(options, container, question.pid),
    notes: [
      ...(ofContainer?.notes ?? []),
      ...(meaning && (told.length === 0 || meaning.seccomp === 'surely')
        ? [`exit status ${exit}: ${meaning.meaning}`]
        : []),
      ...(process?.notes ?? []),
      ...(live?.evidence ?? []),
      ...(text?.notes ?? []),
    ],
    isUnderstood: question.text === undefined || (text !== undefined && (!text.unnamed || told.length > 0)),
    isSurely: meaning?.seccomp === 'surely' || text?.isSigsys === true,
    isSearched: (container ?? process) !== undefined && !isTold,
  };
}

function hasEnded(container: InspectedContainer): boolean {
  return !container.isRunning && !isUnstarted(container);
}

const WHO_TELLS =
  'which call it was, the kernel log tells: dmesg | callgate why - --profile FILE; of a container: callgate why docker:NAME';

/** For which calls a filter kills. */
function killingText({ name, policy }: KnownFilter, native: AbiName): string {
  const calls = killingCalls(policy, native);
  const which =
    calls === 'most' ? 'all calls that no rule names' : calls.length === 0 ? 'no call' : listed(calls);
  return `${printable(name)} kills for ${which}`;
}

function machineOf({ target }: WhyOptions) {
  return target.native;
}

async function inspected(reference: string): Promise<InspectedContainer> {
  try {
    return await inspectContainer(reference);
  } catch (fault) {
    throw fault instanceof NoSuchContainer ? new CliFailure(printable(fault.message)) : fault;
  }
}

async function filtersOf(
  context: Context,
  container: InspectedContainer | undefined,
  target: Target,
  { profiles, flags, quiet }: WhyOptions,
): Promise<KnownFilter[]> {
  const filters: KnownFilter[] = [];
  for (const name of profiles)
    filters.push(await namedFilter(context, name, target, { allowUnknown: flags.allowUnknown, quiet }));
  const own = container && profiles.length === 0 ? await containerFilter(container, target) : undefined;
  return own ? [...filters, own] : filters;
}

function confinementOf(
  { target, flags }: WhyOptions,
  container: InspectedContainer | undefined,
  pid: number | undefined,
): Confinement {
  const kernel = target.kernel;
  if (container) {
    const { capabilities, noNewPrivs, isReadOnly, appArmor } = container;
    return {
      kernel,
      capabilities,
      noNewPrivs,
      isReadOnly,
      ...(appArmor !== undefined && appArmor !== 'unconfined' && { label: appArmor }),
    };
  }
  if (pid !== undefined && isAlive(pid)) {
    const { effectiveCapabilities, noNewPrivs } = processStatus(pid);
    const label = securityLabel(pid);
    return {
      kernel,
      capabilities: capabilitiesIn(effectiveCapabilities),
      noNewPrivs,
      ...(label !== undefined && { label }),
    };
  }
  return { kernel, ...(flags.caps !== undefined && { capabilities: target.capabilities }) };
}

function contextOf(
  denial: ExplainedDenial,
  evidence: readonly string[],
  { container }: Known,
  options: WhyOptions,
): DenialContext {
  const { call, filter, judgement } = denial;
  const fix = fixCommand(denial, filter, options.flags);
  const symbol = symbolOf(denial, options);
  const advice = fix && container ? restartWith(container) : adviceOf(denial, fix !== undefined);
  return {
    evidence,
    ...(symbol !== undefined && { symbol }),
    ...(fix && { fix }),
    ...(denial.wantsArguments &&
      judgement.passing && {
        howToLearn: `nobody told them: callgate record --args -- CMD does, or --call '${call.name} …' asks for some`,
      }),
    ...(advice !== undefined && { advice }),
  };
}

/** A container has its profile from its start to its end. */
function restartWith({ engine, profile }: InspectedContainer): string {
  const file = profile.kind === 'text' && profile.file !== undefined ? profile.file : 'profile.json';
  return `${engine} run --security-opt seccomp=${shellWord(file)} …: a container keeps the profile that it was started with`;
}

function adviceOf({ judgement, filter }: ExplainedDenial, hasFix: boolean): string | undefined {
  if (hasFix) return undefined;
  if (judgement.by === 'second-filter' && filter)
    return 'the program itself, systemd or a sandbox has installed that filter: it is changed where that is said';
  if (judgement.by === 'second-filter')
    return 'the program, systemd or a sandbox has installed it: --pid N reads the filters of a process that lives, --profile names another';
  if (judgement.by === 'unknown' && !filter)
    return 'name what it ran under: --profile FILE, --profile stock:docker, docker:NAME or --pid N';
  return undefined;
}

function symbolOf(
  { call: { program, nr, arch } }: ExplainedDenial,
  { exe, target }: WhyOptions,
): string | undefined {
  const { ip, pid } = program;
  if (ip === undefined) return undefined;
  const place =
    (pid !== undefined && isAlive(pid) ? callPlaceIn(pid, ip) : undefined) ??
    (exe !== undefined && arch === target.native ? callPlaceInFile(exe, ip, nr) : undefined);
  return place && printable(callPlaceText(place));
}
