import { actionOfWord } from '../../bpf/action.ts';
import { callsWhere } from '../../diagram/call-set.ts';
import type { NodeId } from '../../diagram/diagram.ts';
import { NR } from '../../diagram/fields.ts';
import { restrictArch, restrictForeign } from '../../diagram/restrict.ts';
import { type ValueRange, valueRanges } from '../../diagram/value-set.ts';
import type { Policy } from '../../policy/policy.ts';
import { type Abi, abiOfCall } from '../../syscalls/arch.ts';
import { nameOf } from '../../syscalls/lookup.ts';
import { formatAction } from '../action.ts';
import { describeArguments } from '../arguments.ts';

/** More runs of numbers than any real filter has. */
const MOST_RANGES = 20_000;

/** Pseudo filter code: for each arch what every number gets, what most runs of numbers get last. Exact, but no program. */
export function pfcProgram(policy: Policy): string {
  const { diagram, root, abis } = policy;
  const arches = [...new Set(abis.map((abi) => abi.auditArch))];
  const texts = arches.map((arch) =>
    archText(
      policy,
      arch,
      abis.filter((abi) => abi.auditArch === arch),
    ),
  );
  const rest = restrictForeign(diagram, root);
  const foreign = diagram.isTerminal(rest)
    ? `# any other arch\naction ${actionText(diagram.word(rest))};\n`
    : '';
  return `# pseudo filter code: what the filter decides, not how\n${texts.join('')}${foreign}`;
}

function archText({ diagram, root }: Policy, arch: number, abis: readonly Abi[]): string {
  const ranges = valueRanges(diagram, restrictArch(diagram, root, arch), NR, MOST_RANGES);
  const head = `# ${abis.map((abi) => abi.name).join(', ')}\nif ($arch == 0x${arch.toString(16)})\n`;
  if (!ranges) return `${head}  # decided by bits of the number\n`;
  const rest = mostCommon(ranges.map((r) => r.exit).filter((exit) => diagram.isTerminal(exit)));
  const runs = ranges.filter((range) => range.exit !== rest).map((range) => runText(diagram, arch, range));
  const byDefault = rest === undefined ? '' : `  action ${actionText(diagram.word(rest))};\n`;
  return `${head}${runs.join('')}${byDefault}`;
}

function runText(diagram: Policy['diagram'], arch: number, { low, high, exit }: ValueRange): string {
  const [from, to] = [Number(low), Number(high)];
  const abi = abiOfCall(arch, from)!;
  const name = nameAt(arch, from);
  const names = from === to ? (name ?? 'no name') : `${name ?? from} … ${nameAt(arch, to) ?? to}`;
  const condition = from === to ? `$syscall == ${from}` : `$syscall >= ${from} && $syscall <= ${to}`;
  const lines = diagram.wordsOf(exit).map((word) => {
    const when = describeArguments(
      { diagram, root: callsWhere(diagram, exit, (w) => w === word) },
      name,
      abi,
    );
    return `    ${when === '' ? '' : `if (${when}) `}action ${actionText(word)};\n`;
  });
  return `  if (${condition}) # ${names}\n${lines.join('')}`;
}

function nameAt(arch: number, nr: number): string | undefined {
  return nameOf(abiOfCall(arch, nr)!.name, nr);
}

function mostCommon(nodes: readonly NodeId[]): NodeId | undefined {
  const counts = new Map<NodeId, number>();
  for (const node of nodes) counts.set(node, (counts.get(node) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0];
}

function actionText(word: number): string {
  const { kind, data } = actionOfWord(word);
  return formatAction(kind, data);
}
