import { type Difference, type Differences, diffPolicies } from '@callgate/engine/internal/analysis/diff';
import { lowerProfile } from '@callgate/engine/internal/policy/lower';
import { arePoliciesEqual, type Policy, withoutStub } from '@callgate/engine/internal/policy/policy';
import { readerOfStock } from '@callgate/engine/internal/recognition/container-meaning';
import { confinementText } from '@callgate/engine/internal/report/confinement';
import { differencesDocument, differencesText } from '@callgate/engine/internal/report/differences';
import type { Style } from '@callgate/engine/internal/report/style';
import { plural, printable, wrap } from '@callgate/engine/internal/report/words';
import { writeJson } from '@callgate/engine/internal/source/write-json';
import type { ProfileSource } from '@callgate/engine/internal/subject/subject';
import { filterFindings } from '@callgate/linux/internal/confined/audit';
import type { Confinement } from '@callgate/linux/internal/confined/confinement';
import { verifyContainer, wholeConfinement } from '@callgate/linux/internal/confined/verify-running';
import {
  ENGINES,
  type KnownContainer,
  NoSuchContainer,
} from '@callgate/linux/internal/container/container-engine';
import { OCI_RUNTIMES } from '@callgate/linux/internal/container/oci-container';
import { FiltersUnreadable } from '@callgate/linux/internal/process/live-filters';
import {
  skippedHere,
  type Verification,
  VerificationFailed,
  verifyLibseccomp,
  verifyRuntime,
} from '@callgate/linux/internal/verify/verify';
import { examples, type Verb } from '../command.ts';
import { CLEAN, CliFailure, type Context, FINDINGS } from '../context.ts';
import { addTargetFlags, type TargetFlags, targetOf } from '../flags/target-flags.ts';
import { LIVE_HELP } from '../load/live-filters.ts';
import {
  type LoadedSubject,
  loadProfileSubject,
  loadSubject,
  skippedLines,
  warningsPart,
} from '../load/subject.ts';
import { uninterrupted } from '../run/signals.ts';
import { styleFor } from '../terminal/style.ts';

interface VerifyFlags extends TargetFlags {
  readonly against: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

type ProfileSubject = LoadedSubject & { readonly source: ProfileSource };

/** A verification, and of what runs how it is confined. */
type Held = Verification & { readonly confinement?: Confinement; readonly container?: KnownContainer };

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
        `what must do what the profile says: libseccomp, runc, crun, FILE.bpf, ${LIVE_HELP}`,
        'libseccomp',
      )
      .option('--json', 'one JSON document')
      .option('-q, --quiet', 'say nothing; the exit status tells');
    addTargetFlags(command);
    command.addHelpText(
      'after',
      `
libseccomp (this machine's) makes a filter of the profile, just as the runtime has it do. The filter is
compared with the profile for every call that there can be: "equal" is a proof, and every difference is
shown. runc and crun do the same while they create a container, which is never started (needs root).
With --libseccomp what that release skips is not asked for.
With docker:NAME, and the same of other engines, the profile is read with the capabilities of that container,
and every thread of every process in it is looked at: one without the filter is a difference.
Exit status: 0 proven equal, 1 different, 2 could not do it.
${examples('verify profile.json', 'verify stock:docker --arch aarch64,arm', 'verify profile.json --against runc', 'verify profile.json --against docker:web')}`,
    );
  },

  async run(context, command) {
    const [name] = command.processedArgs as [string];
    const flags = command.opts<VerifyFlags>();
    const options = { allowUnknown: flags.allowUnknown, quiet: true };
    const subject = await loadProfileSubject(context, name, targetOf(flags), options);
    if (!flags.quiet && !flags.json) for (const line of skippedLines([subject])) context.stderr.write(line);
    // A container may be there, which the end of the work removes.
    const verification = await uninterrupted(context, () => hold(context, subject, flags));
    const style = styleFor(context.stdout, context.env);
    const { result, wanted, who, skipped, swapped } = verification;
    if ('failure' in result) {
      const document = { equal: false, against: who, failure: result.failure, differences: [] };
      if (flags.json) context.stdout.write(`${writeJson(document)}\n`);
      else if (!flags.quiet) context.stdout.write(failureText(style, name, who, result.failure));
      return FINDINGS;
    }
    const differences = diffPolicies(wanted, result.got);
    const { instructions } = result;
    // What it skips may be what the profile denies.
    const opened = skipped.length === 0 ? [] : openedBySkipping(verification);
    const isEqual =
      differences.listed.length === 0 && opened.length === 0 && !verification.confinement?.differing.length;
    const document = {
      against: who,
      instructions,
      skipped,
      swapped,
      opened: opened.map((d) => ({ arch: d.arch, syscall: d.name })),
      ...differencesDocument(differences),
      equal: isEqual,
      ...confinementPart(verification),
      ...warningsPart(subject),
    };
    if (!flags.quiet)
      context.stdout.write(
        flags.json
          ? `${writeJson(document)}\n`
          : text(style, name, verification, instructions, differences, opened) +
              (isEqual ? '' : await ownDefaultText(subject, verification)),
      );
    return isEqual ? CLEAN : FINDINGS;
  },
};

async function hold(context: Context, subject: ProfileSubject, flags: VerifyFlags): Promise<Held> {
  const { source, target } = subject;
  const { against } = flags;
  const runtime = OCI_RUNTIMES.find((r) => r === against);
  const engine = ENGINES.find((e) => against.startsWith(`${e}:`));
  try {
    if (against === 'libseccomp') return await verifyLibseccomp(source.profile, target);
    if (runtime) return await verifyRuntime(source.profile, target, runtime);
    if (!engine) return await verifySubject(context, subject, against);
    const container = { engine, name: against.slice(engine.length + 1) };
    return await verifyContainer(source.profile, container, {
      target,
      givenCapabilities: flags.caps !== undefined,
      ...(subject.stock && { reader: readerOfStock(subject.stock) }),
    });
  } catch (fault) {
    const known = [VerificationFailed, FiltersUnreadable, NoSuchContainer].some(
      (kind) => fault instanceof kind,
    );
    throw known ? new CliFailure(printable((fault as Error).message)) : fault;
  }
}

/** A default of another release than the container's own: which it has instead. */
async function ownDefaultText({ stock }: LoadedSubject, { confinement, container }: Held): Promise<string> {
  if (!stock || !confinement || !container) return '';
  const found = (await filterFindings(confinement, container))?.recognized.profile;
  return found?.kind === 'stock' ? `  It is the ${found.title}: ${found.name}\n` : '';
}

/** What --json says of what runs, beside its filter's meaning. */
function confinementPart({ confinement, container }: Held): object {
  if (!confinement) return {};
  const { programs, ...said } = confinement;
  const privileged = container?.privileged;
  return { ...said, ...(privileged !== undefined && { privileged }) };
}

/** Calls that the profile denies and that pass because their names are skipped. */
function openedBySkipping({ libraryPart, unskipped }: Verification): Difference[] {
  return diffPolicies(unskipped, libraryPart).listed.filter((d) => d.change === 'loosened');
}

function openedText(style: Style, opened: readonly Difference[]): string {
  if (opened.length === 0) return '';
  const names = [...new Set(opened.map((d) => d.name ?? String(d.nr)))];
  return `  ${style.red('So these pass, though the profile denies them:')}\n${wrap(names, '    ')}\n`;
}

/** A file or a process, taken as it is; a process may have its filter from a runtime that skips what libseccomp does not know. */
async function verifySubject(
  context: Context,
  { policy, target, source }: ProfileSubject,
  against: string,
): Promise<Held> {
  const other = await loadSubject(context, against, target, { quiet: true });
  if (!other.programs)
    throw new CliFailure(`${printable(against)} is a profile; to compare two: callgate diff`);
  const instructions = other.programs.reduce((sum, program) => sum + program.length, 0);
  const as = (wanted: Policy, skipped: readonly string[]): Held => ({
    ...(other.live && { confinement: wholeConfinement([other.live.pid]) }),
    who: against,
    wanted,
    libraryPart: withoutStub(wanted),
    unskipped: withoutStub(policy),
    result: { got: other.policy, instructions },
    skipped,
    swapped: 0,
  });
  const whole = as(policy, []);
  if (!against.startsWith('pid:') || arePoliciesEqual(policy, other.policy)) return whole;
  const lacks = await skippedHere(source.profile, target);
  const skipping = lowerProfile(source.profile, { ...target, lacks }).value;
  return skipping && arePoliciesEqual(skipping, other.policy) ? as(skipping, lacks) : whole;
}

function failureText(style: Style, name: string, who: string, failure: string): string {
  return `${style.bold(printable(name))} → ${style.bold(printable(who))}: ${style.red('different')}\n  by its stated rules the profile has a meaning, but ${printable(who)} ${failure}\n`;
}

function text(
  style: Style,
  name: string,
  held: Held,
  instructions: number,
  differences: Differences,
  opened: readonly Difference[],
): string {
  const { who, skipped, swapped, confinement } = held;
  const head = `${style.bold(printable(name))} → ${style.bold(printable(who))} (${plural(instructions, 'instruction')})`;
  const body =
    differences.listed.length > 0
      ? differencesText(style, differences)
      : confinement?.differing.length
        ? `${style.red('not for every thread')}\n  The filter of its first process is proven equal.\n`
        : equalText(style, skipped, opened);
  return `${head}: ${body}${swappedText(swapped)}${skippedText(style, who, skipped)}${openedText(style, opened)}${confinement ? confinementText(style, confinement, held.container?.privileged) : ''}`;
}

/** Equal as far as the names go that it knows. */
function equalText(style: Style, skipped: readonly string[], opened: readonly Difference[]): string {
  if (opened.length > 0) return `${style.red('lets calls pass that the profile denies')}\n`;
  const what =
    skipped.length > 0
      ? "for the names that it knows, as the profile's stated meaning does"
      : "as the profile's stated meaning does";
  return `${style.green('proven equal')}\n  The filter decides every possible call, ${what}.\n`;
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
  return `  ${style.yellow('Not known to')} ${printable(who)}, so these get the default action there:\n${lists.join('')}`;
}
