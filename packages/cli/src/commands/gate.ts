import type { Differences } from '@callgate/engine/internal/analysis/diff';
import {
  FINDING_SEVERITIES,
  type Finding,
  type FindingSeverity,
} from '@callgate/engine/internal/lint/finding';
import { type Gated, gateChange, type Judgement } from '@callgate/engine/internal/lint/gate';
import type { LintOptions } from '@callgate/engine/internal/lint/lint-text';
import { CAPABILITIES } from '@callgate/engine/internal/profile/capabilities';
import type { LocatedDiagnostic } from '@callgate/engine/internal/report/diagnostics';
import { findingText, type LocatedFinding } from '@callgate/engine/internal/report/findings';
import { changeCounts, changesAsFindings } from '@callgate/engine/internal/report/gate';
import { plural, printable } from '@callgate/engine/internal/report/words';
import { writeJson } from '@callgate/engine/internal/source/write-json';
import { examples, type Verb } from '../command.ts';
import { CLEAN, CliFailure, type Context, FAILED, FINDINGS } from '../context.ts';
import { addTargetFlags, type TargetFlags } from '../flags/target-flags.ts';
import { writeFaults } from '../load/faults.ts';
import { lintOptionsFor } from '../load/lint-options.ts';
import { type JudgedPart, type JudgedText, judgeSubject, locatedFindings } from '../load/lint-subject.ts';
import { type ProfilePair, profilePairs } from '../load/profile-pairs.ts';
import { styleFor } from '../terminal/style.ts';

/** For what gate fails: a change of what the kernel decides, or a new finding that matters as much. */
const REASONS = ['loosened', 'changed', ...FINDING_SEVERITIES] as const;
type FailReason = (typeof REASONS)[number];
/** Lines of one profile; the others are counted. */
const MOST = 10;

interface GateFlags extends TargetFlags {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly failOn: string;
}

/** What became of one profile. */
interface Change {
  readonly name: string;
  readonly what: string;
  /** What loosens it, and what lint finds that it did not find before. */
  readonly findings: readonly LocatedFinding[];
  readonly gone: number;
  readonly differs: boolean;
  /** Whether all differences could be listed; else any kind may be among them. */
  readonly isComplete: boolean;
}

const NOTHING = { findings: [], gone: 0, differs: false, isComplete: true } satisfies Partial<Change>;

export const gate: Verb = {
  name: 'gate',

  configure(command) {
    command
      .argument('<base>', 'the profile, or folder of profiles, as it was: a path, or git:REV:PATH')
      .argument('<head>', 'as it is now: the same choice')
      .option(
        '--fail-on <reason,…>',
        `exit with 1 for these: ${REASONS.join(', ')} (a severity: new findings that matter as much)`,
        'loosened,high',
      )
      .option('--json', 'one JSON document')
      .option('-q, --quiet', 'say nothing; the exit status tells');
    addTargetFlags(command);
    command.addHelpText(
      'after',
      `
For a review: what a change to profiles loosens, each with a call that shows it, and what lint finds now that
it did not find before. A change of words alone says "no change". It is judged for this machine's ABI and
kernel, or those of --arch and --kernel, without capabilities and with all of them.

Exit status: 0 passes, 1 fails, 2 could not do it.
${examples(
  'gate git:origin/main:profile.json profile.json',
  'gate git:HEAD~1:profiles profiles --fail-on loosened,medium',
  'gate old.json new.json --runtime docker --json',
)}`,
    );
  },

  async run(context, command) {
    const [base, head] = command.processedArgs as [string, string];
    const flags = command.opts<GateFlags>();
    const reasons = reasonsOf(flags.failOn);
    const options = await lintOptionsFor(flags);
    const changes: Change[] = [];
    const diagnostics: LocatedDiagnostic[] = [];
    for (const pair of await profilePairs(context, base, head)) {
      const judge = (by: LintOptions) =>
        Promise.all(
          [pair.before, pair.after].map((name) =>
            name === undefined ? undefined : judgeSubject(context, name, by),
          ),
        );
      const [before, after] = await judge(options);
      for (const { faults, text } of [before, after].flatMap((judged) => judged ?? [])) {
        diagnostics.push(...faults);
        writeFaults(context, faults, text, 'callgate: ');
      }
      if (!after) {
        changes.push({ ...NOTHING, name: pair.name, what: 'removed' });
        continue;
      }
      const found = changesOf(pair, before, after);
      // What a profile lets containers with capabilities do shows only where they have them.
      const asksCapabilities =
        flags.caps === undefined && [before, after].some((side) => side && dependsOnCapabilities(side));
      const [capableBefore, capableAfter] = asksCapabilities ? await judge(withCapabilities(options)) : [];
      changes.push(
        ...(capableAfter ? withThose(found, changesOf(pair, capableBefore, capableAfter)) : found),
      );
    }
    const failing = changes.filter((change) => fails(change, reasons));
    const findings = changes.flatMap((change) => change.findings);
    if (flags.json)
      context.stdout.write(`${writeJson({ findings, ...(diagnostics.length > 0 && { diagnostics }) })}\n`);
    else if (!flags.quiet) tell(context, changes, failing.length);
    return diagnostics.length > 0 ? FAILED : failing.length > 0 ? FINDINGS : CLEAN;
  },
};

function reasonsOf(text: string): FailReason[] {
  return text.split(',').map((word) => {
    const reason = REASONS.find((known) => known === word.trim());
    if (reason) return reason;
    throw new CliFailure(`--fail-on: there is no "${printable(word)}"; it is one of ${REASONS.join(', ')}`);
  });
}

/** What became of each profile of a text. */
function changesOf({ name }: ProfilePair, before: JudgedText | undefined, after: JudgedText): Change[] {
  return after.parts.map(({ part, judgement }) => {
    const old = formerOf(part, before)?.judgement;
    const gated = gateChange(old, judgement);
    return {
      name: part === undefined ? name : `${name}#${part}`,
      what: old ? whatOf(gated.differences) : 'a new profile',
      findings: locatedFindings(toldOf(gated, judgement), after, part),
      gone: gated.gone.length,
      differs: gated.differences.listed.length > 0,
      isComplete: gated.differences.isComplete,
    };
  });
}

/** The profile of that name before; one that has got another, or none, is held against the only one or the first. */
function formerOf(part: string | undefined, before: JudgedText | undefined): JudgedPart | undefined {
  const same = before?.parts.find((other) => other.part === part);
  const isOther = part === undefined || before?.parts.some((other) => other.part === undefined);
  return same ?? (isOther ? before?.parts[0] : undefined);
}

function dependsOnCapabilities({ parts }: JudgedText): boolean {
  return parts.some(({ judgement: { judged } }) =>
    judged.profile.rules.some(
      ({ includes, excludes }) => (includes?.caps ?? []).length + (excludes?.caps ?? []).length > 0,
    ),
  );
}

function withCapabilities(options: LintOptions): LintOptions {
  return { ...options, target: { ...options.target, capabilities: CAPABILITIES } };
}

/** What changes for containers with all capabilities, beside what changes for those with none. */
function withThose(changes: readonly Change[], capable: readonly Change[]): Change[] {
  return changes.map((change, i) => {
    const known = new Set(change.findings.map(({ message }) => message));
    const more = capable[i].findings
      .filter(({ code, message }) => code === 'loosened' && !known.has(message))
      .map((finding) => ({ ...finding, message: `with all capabilities, ${finding.message}` }));
    const differs = change.differs || capable[i].differs;
    const what = differs && !change.differs ? `with all capabilities ${capable[i].what}` : change.what;
    return {
      ...change,
      what,
      findings: [...more, ...change.findings],
      differs,
      isComplete: change.isComplete && capable[i].isComplete,
    };
  });
}

function whatOf({ listed, isComplete }: Differences): string {
  return isComplete ? (changeCounts(listed) ?? 'no change') : 'changed in more ways than can be listed';
}

function toldOf(gated: Gated, after: Judgement): Finding[] {
  const added = gated.added.filter(({ severity }) => severity !== 'info');
  return [...changesAsFindings(gated, after, ['loosened']), ...added];
}

function fails({ findings, differs, isComplete }: Change, reasons: readonly FailReason[]): boolean {
  if (!isComplete && (reasons.includes('changed') || reasons.includes('loosened'))) return true;
  if (differs && reasons.includes('changed')) return true;
  if (reasons.includes('loosened') && findings.some(({ code }) => code === 'loosened')) return true;
  const severities = reasons.filter((reason): reason is FindingSeverity =>
    (FINDING_SEVERITIES as readonly string[]).includes(reason),
  );
  const least = Math.max(-1, ...severities.map((severity) => FINDING_SEVERITIES.indexOf(severity)));
  return findings.some(
    ({ code, severity }) => code !== 'loosened' && FINDING_SEVERITIES.indexOf(severity) <= least,
  );
}

function tell(context: Context, changes: readonly Change[], failing: number): void {
  const style = styleFor(context.stdout, context.env);
  for (const { name, what, findings, gone } of changes) {
    const added = findings.filter(({ code }) => code !== 'loosened').length;
    const lint = [added > 0 ? `${plural(added, 'new finding')}` : '', gone > 0 ? `${gone} gone` : ''].filter(
      Boolean,
    );
    context.stdout.write(`${style.bold(printable(name))}: ${[what, ...lint].join('; ')}\n`);
    for (const finding of findings.slice(0, MOST)) context.stdout.write(findingText(style, finding));
    if (findings.length > MOST) context.stdout.write(`  … and ${findings.length - MOST} more\n`);
  }
  const verdict = failing === 0 ? style.green('passes') : style.red('fails');
  context.stdout.write(
    `${verdict}: ${plural(changes.length, 'profile')}${failing > 0 ? `, ${failing} of them for --fail-on` : ''}\n`,
  );
}
