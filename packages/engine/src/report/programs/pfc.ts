import { actionOfWord } from '../../policy/action.ts';
import { callsWhere } from '../../policy/call-set.ts';
import type { NodeId } from '../../policy/diagram.ts';
import type { Policy } from '../../policy/policy.ts';
import { restrict } from '../../policy/restrict.ts';
import type { Abi } from '../../syscalls/arch.ts';
import { callsOf } from '../../syscalls/lookup.ts';
import { formatAction } from '../action.ts';
import { describeArguments } from '../arguments.ts';

/** Pseudo filter code: for each ABI what every system call gets, the most common answer last. */
export function pfcProgram(policy: Policy): string {
  return `# pseudo filter code: what the filter decides, not how\n${policy.abis.map((abi) => abiText(policy, abi)).join('')}`;
}

function abiText(policy: Policy, abi: Abi): string {
  const { diagram, root } = policy;
  const calls = callsOf(abi.name).map(([name, nr]) => ({
    name,
    nr,
    node: restrict(diagram, root, abi.auditArch, nr),
  }));
  const rest = mostCommon(calls.map((call) => call.node).filter((node) => diagram.isTerminal(node)));
  const texts = calls.filter(({ node }) => node !== rest).map((call) => callText(policy, call, abi.bits));
  const byDefault =
    rest === undefined ? '' : `  action ${actionText(diagram.word(rest))}; # any other call\n`;
  return `# ABI ${abi.name}\nif ($arch == 0x${abi.auditArch.toString(16)})\n${texts.join('')}${byDefault}`;
}

function callText(
  { diagram }: Policy,
  call: { name: string; nr: number; node: NodeId },
  bits: 32 | 64,
): string {
  const words = diagram.reachable(call.node).filter((id) => diagram.isTerminal(id));
  const lines = words.map((id) => {
    const word = diagram.word(id);
    const set = callsWhere(diagram, call.node, (w) => w === word);
    const when = describeArguments(diagram, set, call.name, bits);
    return `    ${when === '' ? '' : `if (${when}) `}action ${actionText(word)};\n`;
  });
  return `  if ($syscall == ${call.nr}) # ${call.name}\n${lines.join('')}`;
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
