import { FINDING_SEVERITIES, type FindingSeverity } from '@callgate/engine/internal/lint/finding';
import { findingText, type LocatedFinding } from '@callgate/engine/internal/report/findings';
import { plural } from '@callgate/engine/internal/report/words';
import { writeJson } from '@callgate/engine/internal/source/write-json';
import { Option } from 'commander';
import { examples, type Verb } from '../command.ts';
import { CLEAN, type Context, FAILED, FINDINGS } from '../context.ts';
import { addTargetFlags, type TargetFlags } from '../flags/target-flags.ts';
import { writeFaults } from '../load/faults.ts';
import { lintOptionsFor } from '../load/lint-options.ts';
import { type Linted, lintSubject } from '../load/lint-subject.ts';
import { profilesIn } from '../load/profiles-in.ts';
import { styleFor } from '../terminal/style.ts';

interface LintFlags extends TargetFlags {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly all?: boolean;
  readonly failOn: FindingSeverity;
}

/** Nobody reads more. */
const MOST = 500;

export const lint: Verb = {
  name: 'lint',

  configure(command) {
    command
      .argument(
        '<profile...>',
        'profiles, folders of them, "-" for stdin, or a default profile such as stock:docker',
      )
      .addOption(
        new Option('--fail-on <severity>', `exit with 1 from this on: ${FINDING_SEVERITIES.join(', ')}`)
          .choices(FINDING_SEVERITIES)
          .default('low'),
      )
      .option('-a, --all', 'what is only worth knowing, too (info)')
      .option('--json', 'one JSON document')
      .option('-q, --quiet', 'say nothing; the exit status tells');
    addTargetFlags(command);
    command.addHelpText(
      'after',
      `
What is judged is what the kernel would do, not which names stand in the file. Where a finding says that a call
passes or fails, "call:" shows one; callgate explain PROFILE CALL says the same of it.
  critical   the profile does not do what it is for, or no container starts
  high       what it denies can be had in another way, or programs break
  medium     it will hurt somebody     low   it is untidy     info   worth knowing

Exit status: 0 nothing found, 1 something from --fail-on on, 2 a profile could not be judged.
${examples('lint profile.json', 'lint profiles/ --runtime docker --fail-on high', 'lint stock:docker --all', 'lint pod.yaml --json')}`,
    );
  },

  async run(context, command) {
    const [names] = command.processedArgs as [string[]];
    const flags = command.opts<LintFlags>();
    const options = await lintOptionsFor(flags);
    const linted: Linted[] = [];
    for (const name of await profilesIn(context, names))
      linted.push(await lintSubject(context, name, options));
    const findings = linted.flatMap((l) => l.findings);
    const diagnostics = linted.flatMap((l) => l.faults);
    for (const { faults, text } of linted) writeFaults(context, faults, text, 'callgate: ');
    if (flags.json)
      context.stdout.write(`${writeJson({ findings, ...(diagnostics.length > 0 && { diagnostics }) })}\n`);
    else if (!flags.quiet)
      tell(
        context,
        findings,
        linted.reduce((sum, l) => sum + l.judged, 0),
        flags,
      );
    if (diagnostics.length > 0) return FAILED;
    const worst = FINDING_SEVERITIES.indexOf(flags.failOn);
    return findings.some(({ severity }) => FINDING_SEVERITIES.indexOf(severity) <= worst) ? FINDINGS : CLEAN;
  },
};

function tell(
  context: Context,
  findings: readonly LocatedFinding[],
  profiles: number,
  { all }: LintFlags,
): void {
  const style = styleFor(context.stdout, context.env);
  const shown = findings.filter(({ severity }) => all || severity !== 'info');
  for (const finding of shown.slice(0, MOST)) context.stdout.write(findingText(style, finding));
  if (shown.length > MOST)
    context.stdout.write(`… and ${shown.length - MOST} more; --json has all of them\n`);
  if (profiles > 0)
    context.stdout.write(`${summary(findings, profiles)}${hidden(findings.length - shown.length)}\n`);
}

function summary(findings: readonly LocatedFinding[], profiles: number): string {
  const counts = FINDING_SEVERITIES.flatMap((severity) => {
    const count = findings.filter((finding) => finding.severity === severity).length;
    return count > 0 && severity !== 'info' ? [`${count} ${severity}`] : [];
  });
  return `${counts.length > 0 ? counts.join(', ') : 'nothing found'} in ${plural(profiles, 'profile')}`;
}

function hidden(count: number): string {
  return count > 0 ? `; ${count} worth knowing with --all` : '';
}
