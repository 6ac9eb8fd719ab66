import { type Change, type Differences, diffPolicies } from '@callgate/engine/internal/analysis/diff';
import { differencesDocument, differencesText } from '@callgate/engine/internal/report/differences';
import { printable } from '@callgate/engine/internal/report/words';
import { writeJson } from '@callgate/engine/internal/source/write-json';
import type { Subject } from '@callgate/engine/internal/subject/subject';
import { processCapabilities } from '@callgate/linux/internal/process/processes';
import { type Command, Option } from 'commander';
import { examples, type Verb } from '../command.ts';
import { CLEAN, CliFailure, type Context, FINDINGS } from '../context.ts';
import { addTargetFlags, type TargetFlags, targetOf } from '../flags/target-flags.ts';
import { isLive } from '../load/live-filters.ts';
import {
  type LoadedSubject,
  livePart,
  liveText,
  loadSubject,
  SUBJECT_HELP,
  skippedLines,
  skippedPart,
} from '../load/subject.ts';
import { styleFor } from '../terminal/style.ts';

const SIDED = ['arch', 'kernel', 'caps', 'runtime', 'libseccomp'] as const;
type SideFlags = { readonly [K in `${(typeof SIDED)[number]}${'A' | 'B'}`]?: string };

interface DiffFlags extends TargetFlags, SideFlags {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly failOn?: Change;
}

export const diff: Verb = {
  name: 'diff',

  configure(command) {
    command
      .argument('<a>', SUBJECT_HELP)
      .argument('<b>', 'what it is compared with: the same choice')
      .option('--json', 'one JSON document')
      .addOption(
        new Option(
          '--fail-on <change>',
          'exit with 1 for this alone: loosened, tightened, changed (default: any)',
        ).choices(['loosened', 'tightened', 'changed']),
      )
      .option('-q, --quiet', 'say nothing; the exit status tells');
    addTargetFlags(command);
    addSideFlags(command);
    command.addHelpText(
      'after',
      `
What A and B decide is compared for every call that there can be. Nothing is sampled: "equal" is a proof.
  loosened   B lets calls pass, or asks a supervisor, where A denies them
  tightened  the other way round
  changed    another action or errno, but neither more freedom nor less
A profile that is compared with a container or process is read for the capabilities that this has.

Exit status: 0 equal, 1 different (with --fail-on: in that way), 2 could not do it.
${examples(
  'diff stock:docker profile.json',
  'diff profile.json profile.json --runtime-a docker --runtime-b containerd',
  'diff stock:docker stock:docker --caps-b CAP_SYS_ADMIN',
  'diff stock:docker@25 stock:docker@25 --libseccomp-b 2.5.4',
  'diff profile.json docker:web',
  'diff git:main:profile.json profile.json --fail-on loosened',
)}`,
    );
  },

  async run(context, command) {
    const [nameA, nameB] = command.processedArgs as [string, string];
    if (nameA === '-' && nameB === '-') throw new CliFailure('only one of the two can be stdin');
    const flags = command.opts<DiffFlags>();
    const load = (name: string, side: 'A' | 'B', beside?: LoadedSubject) => {
      const own = sideFlags(flags, side);
      const { live } = beside ?? {};
      const caps = own.caps ?? (live && processCapabilities(live.pid).join());
      return loadSubject(context, name, targetOf({ ...own, caps }), {
        allowUnknown: flags.allowUnknown,
        quiet: true,
      });
    };
    // What runs is read first, because a profile beside it is read for its capabilities.
    const running = isLive(nameB) && !isLive(nameA) ? await load(nameB, 'B') : undefined;
    const a = await load(nameA, 'A', running);
    const b = running ?? (await load(nameB, 'B', a));
    if (!flags.quiet && !flags.json) for (const line of skippedLines([a, b])) context.stderr.write(line);
    const differences = compare(a, b);
    if (!flags.quiet)
      context.stdout.write(
        flags.json
          ? `${writeJson({ ...differencesDocument(differences), ...sidesPart(a, b), ...skippedPart([a, b]) })}\n`
          : text(context, a, b, differences),
      );
    // Where there are more than can be listed, any kind may be among them.
    const fails =
      !differences.isComplete ||
      differences.listed.some(({ change }) => flags.failOn === undefined || flags.failOn === change);
    return fails ? FINDINGS : CLEAN;
  },
};

function addSideFlags(command: Command): void {
  command.optionsGroup('The same for one side alone:');
  for (const flag of SIDED)
    for (const side of ['a', 'b'])
      command.addOption(new Option(`--${flag}-${side} <…>`, `--${flag} for ${side.toUpperCase()} alone`));
}

/** The flags of one side: its own before those for both. */
function sideFlags(flags: DiffFlags, side: 'A' | 'B'): TargetFlags {
  const own = SIDED.flatMap((flag) => {
    const value = flags[`${flag}${side}`];
    return value === undefined ? [] : [[flag, value]];
  });
  return { ...flags, ...Object.fromEntries(own) };
}

/** Everything that two subjects decide differently. */
function compare(a: Subject, b: Subject): Differences {
  if (a.policy.endian !== b.policy.endian)
    throw new CliFailure(
      `${printable(a.name)} is for ${a.policy.endian}-endian machines, ${printable(b.name)} is not; give both the same --arch`,
    );
  return diffPolicies(a.policy, b.policy);
}

/** What --json says of processes among the two. */
function sidesPart(a: LoadedSubject, b: LoadedSubject): object {
  return { ...(a.live && { a: livePart(a) }), ...(b.live && { b: livePart(b) }) };
}

function text(context: Context, a: LoadedSubject, b: LoadedSubject, differences: Differences): string {
  const style = styleFor(context.stdout, context.env);
  const missing = style.yellow(liveText(a) + liveText(b));
  const names = `${missing}${style.bold(printable(a.name))} → ${style.bold(printable(b.name))}`;
  if (differences.listed.length === 0)
    return `${names}: ${style.green('equal')}\n  They decide every possible call alike: both are the same decision diagram, which is a proof.\n`;
  return `${names}: ${differencesText(style, differences)}`;
}
