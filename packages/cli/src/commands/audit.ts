import { FINDING_SEVERITIES, type FindingSeverity } from '@callgate/engine/internal/lint/finding';
import { FINDING_FORMATS, findFindingFormat } from '@callgate/engine/internal/report/finding-formats';
import type { LintReport } from '@callgate/engine/internal/report/finding-formats/finding-format';
import { PLAIN } from '@callgate/engine/internal/report/style';
import { type Audit, Auditor } from '@callgate/workload';
import { auditSubject, containerDocument } from '@callgate/workload/internal/report/audit-report';
import { containersText, countsText } from '@callgate/workload/internal/report/audit-text';
import { Option } from 'commander';
import { examples, type Verb } from '../command.ts';
import { CLEAN, CliFailure, type Context, FAILED, FINDINGS } from '../context.ts';
import { addNodeFlags, type NodeFlags } from '../flags/node-flags.ts';
import { type AuditFlags, auditOptionsOf } from '../load/audit-options.ts';
import { manifests } from '../load/manifests.ts';
import { ownPackage } from '../load/own-package.ts';
import { styleFor } from '../terminal/style.ts';
import { writeFile } from '../terminal/write-file.ts';

interface Flags extends NodeFlags, AuditFlags {
  readonly static?: string;
  readonly explain?: string;
  readonly matrix?: boolean;
  readonly format: string;
  readonly output: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly all?: boolean;
  readonly failOn: FindingSeverity;
}

const FORMAT_HELP = FINDING_FORMATS.map(({ id, about }) => `${id} (${about})`).join(', ');

export const audit: Verb = {
  name: 'audit',

  configure(command) {
    command
      .argument(
        '[path...]',
        'manifests of Kubernetes, compose files, what docker, podman or crictl inspect print, config.json; folders of them; "-" for stdin',
      )
      .option(
        '--profiles <dir>',
        "a copy of the kubelet's folder seccomp: the files of Localhost profiles are opened, and judged",
      )
      .option('--static <dir>', 'a folder of static pods, which the kubelet reads itself')
      .addOption(
        new Option('--fail-on <severity>', `exit with 1 from this on: ${FINDING_SEVERITIES.join(', ')}`)
          .choices(FINDING_SEVERITIES)
          .default('low'),
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
    addNodeFlags(command);
    command.addHelpText(
      'after',
      `
For every container it says which filter it gets and why: that of a file, the default of the runtime, or none. Manifests
are read as kubectl reads them; what it refuses, what others lose silently and what fails on the node is told apart.
Of the Pod Security Standards only the seccomp control is looked at; the other controls are for other tools.

Exit status: 0 nothing found, 1 something from --fail-on on, 2 something could not be read.
${examples('audit k8s/', 'helm template . | callgate audit -', 'audit k8s/ --profiles seccomp/ --runtime crio', 'audit compose.yaml --format sarif -o audit.sarif')}`,
    );
  },

  async run(context, command) {
    const [names] = command.processedArgs as [string[]];
    const flags = command.opts<Flags>();
    if (flags.json && flags.format !== 'json' && command.getOptionValueSource('format') === 'cli')
      throw new CliFailure(`--json is --format json, not ${flags.format}`);
    if (names.length === 0 && flags.static === undefined)
      throw new CliFailure('what is to be audited? name a file or a folder, or "-" for stdin');
    const options = await auditOptionsOf(context, flags);
    const auditor = new Auditor(options);
    for await (const { file, piece } of manifests(context, names)) auditor.add(file, piece);
    const ofStatic = flags.static === undefined ? undefined : new Auditor({ ...options, isStatic: true });
    if (ofStatic && flags.static !== undefined)
      for await (const { file, piece } of manifests(context, [flags.static])) ofStatic.add(file, piece);
    const found = joined(auditor.end(), ofStatic?.end());
    write(context, flags, found);
    return statusOf(found, flags);
  },
};

function joined(first: Audit, second: Audit | undefined): Audit {
  if (!second) return first;
  return {
    findings: [...first.findings, ...second.findings],
    containers: [...first.containers, ...second.containers],
    documents: first.documents + second.documents,
    unread: first.unread + second.unread,
  };
}

function write(context: Context, { format: named, json, output, quiet, all }: Flags, found: Audit): void {
  const format = findFindingFormat(json ? 'json' : named)!;
  const toStdout = output === '-';
  if (quiet && toStdout) return;
  const style = toStdout ? styleFor(context.stdout, context.env) : PLAIN;
  const report: LintReport = {
    findings: found.findings.toSorted(worstFirst),
    diagnostics: [],
    profiles: found.containers.map(({ file }) => file),
    subject: auditSubject,
    containers: found.containers.map(containerDocument),
    verdict: countsText(found.containers),
  };
  const writing = { tool: ownPackage(context), style, all, allBy: '--all' };
  const before = format.id === 'text' ? containersText(style, found.containers) : '';
  writeFile(context, output, before + format.write(report, writing));
}

function worstFirst(a: Audit['findings'][number], b: Audit['findings'][number]): number {
  const rank = (severity: FindingSeverity) => FINDING_SEVERITIES.indexOf(severity);
  return rank(a.severity) - rank(b.severity);
}

function statusOf({ findings, documents }: Audit, { failOn }: Flags): number {
  if (findings.some(({ code, severity }) => code === 'not-read' && severity !== 'info')) return FAILED;
  if (documents === 0) return FAILED;
  const worst = FINDING_SEVERITIES.indexOf(failOn);
  return findings.some(({ severity }) => FINDING_SEVERITIES.indexOf(severity) <= worst) ? FINDINGS : CLEAN;
}
