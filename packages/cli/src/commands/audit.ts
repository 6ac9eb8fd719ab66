import { suggest } from '@callgate/engine/internal/diagnostics/suggest';
import { FINDING_SEVERITIES, type FindingSeverity } from '@callgate/engine/internal/lint/finding';
import type {
  FindingFormat,
  LintReport,
} from '@callgate/engine/internal/report/finding-formats/finding-format';
import { PLAIN, type Style } from '@callgate/engine/internal/report/style';
import { listed, printable } from '@callgate/engine/internal/report/words';
import { writeJson } from '@callgate/engine/internal/source/write-json';
import { type Audit, type AuditedContainer, Auditor } from '@callgate/workload';
import { callMatrix } from '@callgate/workload/internal/audit/call-matrix';
import { lackingFolders, missingOnNodes } from '@callgate/workload/internal/audit/node-files';
import { auditSubject, containerDocument } from '@callgate/workload/internal/report/audit-report';
import { containersText, countsText } from '@callgate/workload/internal/report/audit-text';
import { matrixHtml } from '@callgate/workload/internal/report/matrix-html';
import { matrixText } from '@callgate/workload/internal/report/matrix-text';
import { storyText } from '@callgate/workload/internal/report/story-text';
import { Option } from 'commander';
import { examples, type Verb } from '../command.ts';
import { CLEAN, CliFailure, type Context, FAILED, FINDINGS } from '../context.ts';
import { addNodeFlags, type NodeFlags } from '../flags/node-flags.ts';
import { addReportFlags, counts, formatAsked, type ReportFlags } from '../flags/report-flags.ts';
import { type AuditFlags, auditOptionsOf } from '../load/audit-options.ts';
import { type AuditedNode, auditCluster, type ClusterFlags } from '../load/cluster-audit.ts';
import { manifests } from '../load/manifests.ts';
import { nodeFolders } from '../load/node-folders.ts';
import { ownPackage } from '../load/own-package.ts';
import { styleFor } from '../terminal/style.ts';
import { writeFile } from '../terminal/write-file.ts';

interface Flags extends NodeFlags, AuditFlags, ClusterFlags, ReportFlags {
  readonly cluster?: boolean;
  readonly static?: string;
  readonly nodeProfiles?: readonly string[];
  readonly explain?: string;
  readonly matrix?: boolean;
}

/** Flags that say something of a cluster alone. */
const OF_CLUSTERS = [
  ['context', '--context'],
  ['namespace', '--namespace'],
  ['allNamespaces', '--all-namespaces'],
  ['nodes', '--nodes'],
] as const;

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
      .addOption(
        new Option(
          '--node-profiles <node=dir>',
          'such a folder of one node: which containers do not start there; again for more',
        ).argParser((one: string, others: readonly string[] = []) => [...others, one]),
      )
      .option('--static <dir>', 'a folder of static pods, which the kubelet reads itself')
      .option(
        '--explain <container>',
        'the story of one container, from its field to the kernel: NAME, or Kind/NAME/NAME',
      )
      .option(
        '--matrix',
        'a table of the calls that attackers like, and which filter lets them pass (html has it, too)',
      );
    addReportFlags(command);
    command
      .optionsGroup('A live cluster:')
      .option(
        '--cluster',
        'what runs in the cluster that kubectl would ask; it is only read (docs/cluster-rbac.yaml)',
      )
      .option('--context <name>', 'the context of the kubeconfig')
      .option('-n, --namespace <ns,…>', 'of these namespaces')
      .option('-A, --all-namespaces', 'of all')
      .option('--nodes', 'what the nodes have, how their kubelets are set, and which lack a file');
    addNodeFlags(command);
    command.addHelpText(
      'after',
      `
For every container it says which filter it gets and why: that of a file, the default of the runtime, or none. Manifests
are read as kubectl reads them; what it refuses, what others lose silently and what fails on the node is told apart.
Of the Pod Security Standards only the seccomp control is looked at; the other controls are for other tools.

Exit status: 0 nothing found, 1 something from --fail-on on, 2 something could not be read.
${examples('audit k8s/', 'audit --cluster -A --nodes', 'audit - < rendered.yaml', 'audit k8s/ --profiles seccomp/ --runtime crio', 'audit compose.yaml --format sarif -o audit.sarif')}`,
    );
  },

  async run(context, command) {
    const [names] = command.processedArgs as [string[]];
    const flags = command.opts<Flags>();
    const format = formatAsked(command);
    if (names.length === 0 && flags.static === undefined && !flags.cluster)
      throw new CliFailure('what is to be audited? name a file or a folder, or "-" for stdin');
    if (flags.cluster) return await ofCluster(context, flags, format, names);
    const lonely = OF_CLUSTERS.find(([key]) => flags[key] !== undefined);
    if (lonely) throw new CliFailure(`${lonely[1]} is for --cluster; files are audited whole`);
    const options = {
      ...(await auditOptionsOf(context, flags)),
      tellsStoryOf: storyAsked(flags),
    };
    const auditor = new Auditor(options);
    for await (const { file, piece } of manifests(context, names)) auditor.add(file, piece);
    if (flags.static !== undefined)
      for await (const { file, piece } of manifests(context, [flags.static]))
        auditor.add(file, piece, { isStatic: true });
    const found = auditor.end();
    return told(context, flags, format, found);
  },
};

async function ofCluster(
  context: Context,
  flags: Flags,
  format: FindingFormat,
  names: readonly string[],
): Promise<number> {
  if (names.length > 0 || flags.static !== undefined)
    throw new CliFailure('--cluster audits what runs there, and no files beside it');
  const { audit: found, nodes } = await auditCluster(context, flags, async (seen) => ({
    ...(await auditOptionsOf(context, flags, seen)),
    tellsStoryOf: storyAsked(flags),
  }));
  return told(context, flags, format, found, nodes);
}

function told(
  context: Context,
  flags: Flags,
  format: FindingFormat,
  all: Audit,
  nodes?: readonly AuditedNode[],
): number {
  const lacking = missingOnNodes(
    all.containers,
    lackingFolders(nodeFolders(context, flags.nodeProfiles ?? [])),
  );
  const found = { ...all, findings: [...all.findings, ...lacking] };
  if (flags.explain !== undefined) return explain(context, flags, flags.explain, found);
  for (const { file, line, column, message, code } of unreadIn(found))
    context.stderr.write(`callgate: ${printable(file)}:${line}:${column}: error: ${message} [${code}]
`);
  write(context, flags, format, found, flags.nodes ? nodes : []);
  const silence = whyNothing(found);
  if (silence) context.stderr.write(`callgate: ${silence}\n`);
  return statusOf(found, flags);
}

function write(
  context: Context,
  { output, quiet, all, matrix = false }: Flags,
  format: FindingFormat,
  found: Audit,
  nodes: readonly AuditedNode[] = [],
): void {
  const toStdout = output === '-';
  if (quiet && toStdout) return;
  const style = toStdout ? styleFor(context.stdout, context.env) : PLAIN;
  // What is told on stderr is not told again.
  const unread = new Set(unreadIn(found));
  const report: LintReport = {
    findings: found.findings.filter((one) => format.id !== 'text' || !unread.has(one)).toSorted(worstFirst),
    diagnostics: [],
    profiles: found.containers.map(({ file }) => file),
    subject: auditSubject,
    audited: {
      containers: found.containers.map(containerDocument),
      ...(nodes.length > 0 && { nodes }),
    },
    verdict: countsText(found.containers),
    ...(format.id === 'html' && { appendix: matrixHtml(callMatrix(found.containers)) }),
  };
  const writing = { tool: ownPackage(context), style, all, allBy: '--all' };
  const before = format.id === 'text' ? nodesText(style, nodes) + textBefore(style, found, matrix) : '';
  writeFile(context, output, before + format.write(report, writing));
}

/** Of which containers a story may be asked, by the last part of what is named. */
function storyAsked({ explain: name }: Flags): (container: string) => boolean {
  return (container) => name !== undefined && (name === container || name.endsWith(`/${container}`));
}

/** Tells the story of the container of that name; of several all are told. */
function explain(context: Context, { json }: Flags, name: string, { containers }: Audit): number {
  const nameOf = ({ workload, container }: AuditedContainer) => `${workload}/${container}`;
  const meant = containers.filter((one) => one.container === name || nameOf(one) === name);
  if (meant.length === 0) {
    const near = suggest(
      name,
      containers.flatMap((one) => [one.container, nameOf(one)]),
    );
    const names = listed(
      containers.map((one) => printable(nameOf(one))),
      10,
    );
    throw new CliFailure(
      `there is no container "${printable(name)}"; ${near ? `did you mean ${printable(near)}?` : `there is ${names || 'none at all'}`}`,
    );
  }
  const style = styleFor(context.stdout, context.env);
  if (json)
    context.stdout.write(
      `${writeJson({ containers: meant.map((one) => ({ ...containerDocument(one), story: one.story })) })}\n`,
    );
  else for (const one of meant) context.stdout.write(storyText(style, one));
  return CLEAN;
}

function nodesText(style: Style, nodes: readonly AuditedNode[]): string {
  if (nodes.length === 0) return '';
  const width = Math.max(...nodes.map(({ name }) => name.length));
  const lines = nodes.map(({ name, said, kubernetes, seccompDefault, architecture }) => {
    const kubelet = seccompDefault === undefined ? '' : `  seccompDefault: ${seccompDefault}`;
    return `${style.bold(printable(name).padEnd(width))}  ${printable(said)}  Kubernetes 1.${kubernetes ?? '?'}  ${printable(architecture)}${kubelet}`;
  });
  return `${lines.join('\n')}\n\n`;
}

function textBefore(style: Style, { containers }: Audit, matrix: boolean): string {
  if (containers.length === 0) return 'there is no container\n';
  return containersText(style, containers) + (matrix ? matrixText(style, callMatrix(containers)) : '');
}

function worstFirst(a: Audit['findings'][number], b: Audit['findings'][number]): number {
  const rank = (severity: FindingSeverity) => FINDING_SEVERITIES.indexOf(severity);
  return rank(a.severity) - rank(b.severity);
}

/** What could not be read; templates are passed over, unless there is nothing else. */
function unreadIn({ findings, documents }: Audit): Audit['findings'] {
  return findings.filter(
    ({ code, severity }) => code === 'not-read' && (severity !== 'info' || documents === 0),
  );
}

/** Why there is nothing to say, which is no clean result, where no finding says it. */
function whyNothing({ documents, findings, unread }: Audit): string | undefined {
  if (documents > 0 || findings.some(({ severity }) => severity !== 'info')) return undefined;
  return unread > 0
    ? 'there are only templates that are not rendered; render them first: helm template … | callgate audit -'
    : 'there is no document to audit';
}

function statusOf(found: Audit, { failOn = 'low' }: Flags): number {
  if (unreadIn(found).length > 0 || found.documents === 0) return FAILED;
  return found.findings.some(({ severity }) => counts(severity, failOn)) ? FINDINGS : CLEAN;
}
