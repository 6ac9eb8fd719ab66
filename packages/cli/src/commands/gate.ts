import { BUDGET_CODES } from '@callgate/engine/internal/lint/budget';
import { FINDING_SEVERITIES, type FindingSeverity } from '@callgate/engine/internal/lint/finding';
import { CAPABILITIES } from '@callgate/engine/internal/profile/capabilities';
import type { LocatedDiagnostic } from '@callgate/engine/internal/report/diagnostics';
import { findFindingFormat } from '@callgate/engine/internal/report/finding-formats';
import type { SuppressedFinding } from '@callgate/engine/internal/report/finding-formats/finding-format';
import { findingText, type LocatedFinding } from '@callgate/engine/internal/report/findings';
import {
  changesAcross,
  type ProfileChange,
  profileChanges,
} from '@callgate/engine/internal/report/profile-changes';
import { plural, printable } from '@callgate/engine/internal/report/words';
import { Option } from 'commander';
import { examples, type Verb } from '../command.ts';
import { CLEAN, CliFailure, type Context, FAILED, FINDINGS } from '../context.ts';
import { addConfigFlags, type ConfigFlags } from '../flags/config-flags.ts';
import { formatName } from '../flags/report-flags.ts';
import { addTargetFlags, type TargetFlags } from '../flags/target-flags.ts';
import { writeFaults } from '../load/faults.ts';
import { type HouseRules, houseRules, type Setting } from '../load/house-rules.ts';
import { type JudgedText, judgeSubject, locatedFindings, locatedSuppressed } from '../load/lint-subject.ts';
import { ownPackage } from '../load/own-package.ts';
import { type ProfilePair, profilePairs } from '../load/profile-pairs.ts';
import { styleFor } from '../terminal/style.ts';

/** For what gate fails: a change of what the kernel decides, what is over a budget, or a new finding that matters as much. */
const REASONS = ['loosened', 'changed', 'budget', ...FINDING_SEVERITIES] as const;
const SEVERITIES: readonly string[] = FINDING_SEVERITIES;
type FailReason = (typeof REASONS)[number];
/** How the findings of a change are written; the formats are those of lint. */
const FORMATS = ['text', 'json', 'github', 'markdown'] as const;
/** Lines of one profile; the others are counted. */
const MOST = 10;

interface GateFlags extends TargetFlags, ConfigFlags {
  readonly format: (typeof FORMATS)[number];
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly failOn: string;
}

/** What became of one profile, and what of it is told. */
interface Change extends Omit<ProfileChange, 'findings'> {
  readonly name: string;
  readonly findings: readonly LocatedFinding[];
  readonly suppressed: readonly SuppressedFinding[];
}

const AS_IT_IS = (text: string) => text;

export const gate: Verb = {
  name: 'gate',

  configure(command) {
    command
      .argument('<base>', 'the profile, or folder of profiles, as it was: a path, or git:REV:PATH')
      .argument('<head>', 'as it is now: the same choice')
      .option(
        '--fail-on <reason,…>',
        `exit with 1 for these: ${REASONS.join(', ')} (a severity: new findings that matter as much)`,
        'loosened,high,budget',
      )
      .addOption(
        new Option(
          '-f, --format <format>',
          'text (for people), json (one document), github (annotations of GitHub Actions), markdown (a comment on a pull request)',
        )
          .choices(FORMATS)
          .default('text'),
      )
      .option('--json', 'the same as --format json')
      .option('-q, --quiet', 'say nothing; the exit status tells');
    addConfigFlags(command);
    addTargetFlags(command);
    command.addHelpText(
      'after',
      `
For a review: what a change to profiles loosens, each with a call that shows it, and what lint finds now that
it did not find before. A change of words alone says "no change". It is judged for this machine's ABI and
kernel, or those of --arch and --kernel, without capabilities and with all of them.

callgate.config.yaml may say for which targets, how much each finding matters, which are borne until when, and what
no profile may let pass: docs/config.md.

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
    const format = formatName(command);
    const reasons = reasonsOf(flags.failOn);
    const house = await houseRules(context, flags);
    const changes: Change[] = [];
    const diagnostics: LocatedDiagnostic[] = [];
    for (const pair of await profilePairs(context, base, head)) {
      if (pair.after === undefined) {
        changes.push(removed(pair.name));
        continue;
      }
      const settings = await house.settingsFor(pair.after);
      const sides = await judgedSides(context, pair, settings);
      for (const { faults, text } of sides) {
        diagnostics.push(...faults);
        writeFaults(context, faults, text, 'callgate: ');
      }
      // What a profile lets containers with capabilities do shows only where they have them.
      const capable = flags.caps === undefined && sides.some(dependsOnCapabilities);
      const besides = capable ? await judgedSides(context, pair, settings.map(withCapabilities)) : [];
      changes.push(...changesOf(pair.name, sides, besides, house));
    }
    const failing = changes.filter((change) => fails(change, reasons));
    if (format !== 'text') {
      const report = {
        findings: changes.flatMap((change) => change.findings),
        suppressed: changes.flatMap((change) => change.suppressed),
        diagnostics,
        profiles: changes.map(({ name }) => name),
        verdict: verdictOn(changes, failing.length, diagnostics.length === 0),
        changes: changes.map((change) => changeLine(change)),
      };
      context.stdout.write(findFindingFormat(format)!.write(report, { tool: ownPackage(context) }));
    } else if (!flags.quiet) tell(context, changes, failing.length, diagnostics.length === 0);
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

/** The profile as it is, and before that, where it was there, as it was. */
async function judgedSides(
  context: Context,
  { before, after }: ProfilePair,
  settings: readonly Setting[],
): Promise<JudgedText[]> {
  const names = [before, after].filter((name) => name !== undefined);
  return Promise.all(names.map((name) => judgeSubject(context, name, settings)));
}

function dependsOnCapabilities({ under }: JudgedText): boolean {
  return under[0].profiles.some(({ judged }) =>
    judged?.profile.rules.some(
      ({ includes, excludes }) => (includes?.caps ?? []).length + (excludes?.caps ?? []).length > 0,
    ),
  );
}

function withCapabilities({ label, options }: Setting): Setting {
  return {
    label: [label, 'with all capabilities'].filter(Boolean).join(', '),
    options: { ...options, target: { ...options.target, capabilities: CAPABILITIES } },
  };
}

/** What became of each profile of a text, under every setting; of `besides` only what is loosened and what is over a budget. */
function changesOf(
  name: string,
  sides: readonly JudgedText[],
  besides: readonly JudgedText[],
  house: HouseRules,
): Change[] {
  const loosening = ({ label, changes }: ReturnType<typeof changesUnder>[number]) => ({
    label,
    changes: changes.map((change) => ({
      ...change,
      findings: change.findings.filter((finding) => isLoosened(finding) || isOverBudget(finding)),
      gone: 0,
    })),
  });
  const all = [...changesUnder(sides), ...changesUnder(besides).map(loosening)];
  const now = sides.at(-1)!;
  return changesAcross(all).map((change) => {
    const { findings, suppressed } = house.consider(now.name, change.findings);
    return {
      ...change,
      name: change.part === undefined ? name : `${name}#${change.part}`,
      findings: locatedFindings(findings.filter(isTold), now, change.part),
      suppressed: locatedSuppressed(suppressed, now, change.part),
    };
  });
}

/** What has changed under each setting. */
function changesUnder(sides: readonly JudgedText[]): { label: string; changes: ProfileChange[] }[] {
  if (sides.length === 0) return [];
  const [before, after] = sides.length > 1 ? sides : [undefined, sides[0]];
  return after.under.map(({ label, profiles }, i) => ({
    label,
    changes: profileChanges(before?.under[i].profiles, profiles),
  }));
}

function removed(name: string): Change {
  return { name, what: 'removed', findings: [], suppressed: [], gone: 0, differs: false, isComplete: true };
}

function isLoosened({ code }: { readonly code: string }): boolean {
  return code === 'loosened';
}

/** What is only worth knowing is not, unless it is what gate is for. */
function isTold(finding: { readonly code: string; readonly severity: FindingSeverity }): boolean {
  return finding.severity !== 'info' || isLoosened(finding) || isOverBudget(finding);
}

function isOverBudget({ code }: { readonly code: string }): boolean {
  return Object.hasOwn(BUDGET_CODES, code);
}

function fails({ findings, differs, isComplete }: Change, reasons: readonly FailReason[]): boolean {
  if (!isComplete && (reasons.includes('changed') || reasons.includes('loosened'))) return true;
  if (differs && reasons.includes('changed')) return true;
  if (reasons.includes('loosened') && findings.some(isLoosened)) return true;
  if (reasons.includes('budget') && findings.some(isOverBudget)) return true;
  const least = Math.max(-1, ...reasons.map((reason) => SEVERITIES.indexOf(reason)));
  return findings.some((finding) => !isLoosened(finding) && SEVERITIES.indexOf(finding.severity) <= least);
}

function tell(context: Context, changes: readonly Change[], failing: number, isJudged: boolean): void {
  const style = styleFor(context.stdout, context.env);
  for (const change of changes) {
    const { findings } = change;
    context.stdout.write(`${changeLine(change, style.bold)}\n`);
    for (const finding of findings.slice(0, MOST)) context.stdout.write(findingText(style, finding));
    if (findings.length > MOST) context.stdout.write(`  … and ${findings.length - MOST} more\n`);
  }
  const paint = failing === 0 && isJudged ? style.green : style.red;
  context.stdout.write(`${verdictOn(changes, failing, isJudged, paint)}\n`);
}

/** What became of a profile: web.json: 1 loosened; 2 new findings. */
function changeLine({ name, what, findings, suppressed, gone }: Change, emphasis = AS_IT_IS): string {
  const over = findings.filter(isOverBudget).length;
  const added = findings.filter((finding) => !isLoosened(finding) && !isOverBudget(finding)).length;
  const lint = [
    over > 0 ? `${over} over a budget` : '',
    added > 0 ? plural(added, 'new finding') : '',
    gone > 0 ? `${gone} gone` : '',
    suppressed.length > 0 ? `${suppressed.length} suppressed` : '',
  ].filter(Boolean);
  return `${emphasis(printable(name))}: ${[what, ...lint].join('; ')}`;
}

/** Whether a change passes; where not every profile could be judged, nobody knows. */
function verdictOn(
  changes: readonly Change[],
  failing: number,
  isJudged: boolean,
  emphasis = AS_IT_IS,
): string {
  const verdict = failing > 0 ? 'fails' : isJudged ? 'passes' : 'undecided';
  const why = failing > 0 ? `, ${failing} of them for --fail-on` : '';
  return `${emphasis(verdict)}: ${plural(changes.length, 'profile')}${why}`;
}
