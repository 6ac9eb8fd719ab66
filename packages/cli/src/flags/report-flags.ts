import { FINDING_SEVERITIES, type FindingSeverity } from '@callgate/engine/internal/lint/finding';
import { FINDING_FORMATS, findFindingFormat } from '@callgate/engine/internal/report/finding-formats';
import type { FindingFormat } from '@callgate/engine/internal/report/finding-formats/finding-format';
import { type Command, Option } from 'commander';
import { CliFailure } from '../context.ts';

/** The flags of verbs that write findings: in which format, where to, and which of them count. */
export interface ReportFlags {
  readonly format: string;
  readonly output: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly all?: boolean;
  readonly failOn?: FindingSeverity;
}

const FORMAT_HELP = FINDING_FORMATS.map(({ id, about }) => `${id} (${about})`).join(', ');

export function addReportFlags(command: Command): void {
  command
    .addOption(
      new Option(
        '--fail-on <severity>',
        `exit with 1 from this on: ${FINDING_SEVERITIES.join(', ')} (default: low)`,
      ).choices(FINDING_SEVERITIES),
    )
    .option('-a, --all', 'what is only worth knowing, too (info)')
    .addOption(
      new Option('-f, --format <format>', FORMAT_HELP)
        .choices(FINDING_FORMATS.map(({ id }) => id))
        .default('text'),
    )
    .option('-o, --output <file>', 'where it goes; "-" for stdout', '-')
    .option('--json', 'the same as --format json')
    .option('-q, --quiet', 'say nothing; the exit status tells');
}

/** The name of the format that is asked for; a failure where --json and --format say two things. */
export function formatName(command: Command): string {
  const { json, format } = command.opts<Pick<ReportFlags, 'json' | 'format'>>();
  if (json && format !== 'json' && command.getOptionValueSource('format') === 'cli')
    throw new CliFailure(`--json is --format json, not ${format}`);
  return json ? 'json' : format;
}

/** That format. */
export function formatAsked(command: Command): FindingFormat {
  return findFindingFormat(formatName(command))!;
}

/** Whether a finding counts for the exit status: from a severity on. */
export function counts(severity: FindingSeverity, from: FindingSeverity): boolean {
  return FINDING_SEVERITIES.indexOf(severity) <= FINDING_SEVERITIES.indexOf(from);
}
