import { resolve } from 'node:path';
import { type FixedFinding, fixDocument, fixText } from '@callgate/engine/internal/report/fixes';
import { type GradedProfile, gradeDocument, gradeText } from '@callgate/engine/internal/report/grade';
import { PLAIN } from '@callgate/engine/internal/report/style';
import { printable } from '@callgate/engine/internal/report/words';
import { examples, type Verb } from '../command.ts';
import { CLEAN, CliFailure, type Context, FAILED, FINDINGS } from '../context.ts';
import { addConfigFlags, type ConfigFlags } from '../flags/config-flags.ts';
import { addReportFlags, counts, formatAsked, type ReportFlags } from '../flags/report-flags.ts';
import { addTargetFlags, type TargetFlags } from '../flags/target-flags.ts';
import { writeFaults } from '../load/faults.ts';
import { fixProfiles } from '../load/fix-profiles.ts';
import { Grading } from '../load/graded.ts';
import { type HouseRules, houseRules } from '../load/house-rules.ts';
import { type Linted, type LintInput, lintInput, lintUnder } from '../load/lint-subject.ts';
import { ownPackage } from '../load/own-package.ts';
import { profilesIn } from '../load/profiles-in.ts';
import { patchOf } from '../terminal/patch.ts';
import { styleFor } from '../terminal/style.ts';
import { writeFile } from '../terminal/write-file.ts';

interface LintFlags extends TargetFlags, ConfigFlags, ReportFlags {
  readonly grade?: boolean;
  readonly fix?: boolean;
  readonly fixDryRun?: boolean;
  readonly skipOthers?: boolean;
}

export const lint: Verb = {
  name: 'lint',

  configure(command) {
    command
      .argument(
        '<profile...>',
        'profiles, folders of them, "-" for stdin, or a default profile such as stock:docker',
      )
      .option('--fix', 'mend in the files what can be mended, each change proved; what is left is told')
      .option('--fix-dry-run', 'show what --fix would change, and change nothing')
      .option(
        '--grade',
        'a letter for each profile, everything that it is the sum of, and what the defaults of runtimes deny',
      )
      .option(
        '--skip-others',
        'pass over files that hold no profile, for hooks that hand on every JSON file',
      );
    addReportFlags(command);
    addConfigFlags(command);
    addTargetFlags(command);
    command.addHelpText(
      'after',
      `
What is judged is what the kernel would do, not which names stand in the file. Where a finding says that a call
passes or fails, "call:" shows one; callgate explain PROFILE CALL says the same of it.
  critical   the profile does not do what it is for, or no container starts
  high       what it denies can be had in another way, or programs break
  medium     it will hurt somebody     low   it is untidy     info   worth knowing

callgate.config.yaml may say for which targets, how much each finding matters, which are borne until when, and what
no profile may let pass: docs/config.md.

Exit status: 0 nothing found, 1 something from --fail-on on, 2 a profile could not be judged.
${examples('lint profile.json', 'lint profiles/ --runtime docker --fail-on high', 'lint stock:docker --all', 'lint profiles/ --format sarif -o lint.sarif')}`,
    );
  },

  async run(context, command) {
    const [names] = command.processedArgs as [string[]];
    const flags = command.opts<LintFlags>();
    const format = formatAsked(command);
    const house = await houseRules(context, flags);
    const linted: Omit<Linted, 'judged'>[] = [];
    const profiles: string[] = [];
    const grading = flags.grade ? new Grading() : undefined;
    const graded: GradedProfile[] = [];
    const fixed: FixedFinding[] = [];
    const inputs: LintInput[] = [];
    for (const name of await profilesIn(context, names, flags)) inputs.push(await lintInput(context, name));
    const toStdout = flags.output === '-';
    if (
      !toStdout &&
      inputs.some(({ name }) => resolve(context.cwd, name) === resolve(context.cwd, flags.output))
    )
      throw new CliFailure(`-o ${printable(flags.output)} would take the place of the profile`);
    for (const input of inputs) {
      const { name } = input;
      const text = isFixing(flags) ? await mended(context, input, house, flags, fixed) : input.text;
      const { judged, ...told } = lintUnder({ ...input, text }, await house.settingsFor(name), house, {
        edits: flags.format === 'sarif',
      });
      linted.push(told);
      // What profiles mean is not kept: of a thousand it is much.
      for (const profile of judged) {
        profiles.push(profile.name);
        if (grading) graded.push(await grading.graded(profile.name, profile.judged, profile.findings));
      }
    }
    const findings = linted.flatMap((l) => l.findings);
    const suppressed = linted.flatMap((l) => l.suppressed);
    const diagnostics = linted.flatMap((l) => l.faults);
    for (const { faults, text } of linted) writeFaults(context, faults, text, 'callgate: ');
    if (!(flags.quiet && toStdout && format.id === 'text')) {
      const report = {
        findings,
        suppressed,
        ...(isFixing(flags) && { fixed }),
        diagnostics,
        profiles,
        ...(flags.grade && { grades: graded.map(gradeDocument) }),
      };
      const style = toStdout ? styleFor(context.stdout, context.env) : undefined;
      const writing = { tool: ownPackage(context), style, all: flags.all, allBy: '--all' };
      const grades = format.id === 'text' ? graded.map((profile) => gradeText(style ?? PLAIN, profile)) : [];
      writeFile(context, flags.output, format.write(report, writing) + grades.join(''));
    }
    if (diagnostics.length > 0) return FAILED;
    const from = flags.failOn ?? house.failOn ?? 'low';
    return findings.some(({ severity }) => counts(severity, from)) ? FINDINGS : CLEAN;
  },
};

function isFixing({ fix, fixDryRun }: LintFlags): boolean {
  return fix === true || fixDryRun === true;
}

/** The text after what can be mended was; it is in the file, too, unless it is only to be shown. */
async function mended(
  context: Context,
  input: LintInput,
  house: HouseRules,
  { fixDryRun, json, quiet, format }: LintFlags,
  told: FixedFinding[],
): Promise<string> {
  const { text, fixes } = await fixProfiles(input, house);
  told.push(...fixes.map(({ finding, differences }) => fixDocument(finding, differences)));
  if (fixes.length === 0) return text;
  if (!fixDryRun) writeFile(context, input.name, text);
  if (quiet || json || format !== 'text') return text;
  const style = styleFor(context.stdout, context.env);
  for (const { finding, differences } of fixes) context.stdout.write(fixText(style, finding, differences));
  if (fixDryRun) context.stdout.write(await patchOf(input.name, input.text, text));
  return text;
}
