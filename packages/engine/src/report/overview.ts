import {
  type AbiSummary,
  type CallSummary,
  countPassing,
  notableCalls,
  summarize,
} from '../analysis/summary.ts';
import { actionOfWord } from '../bpf/action.ts';
import { restrictForeign } from '../diagram/restrict.ts';
import type { Policy } from '../policy/policy.ts';
import { formatAction } from './action.ts';
import type { Style } from './style.ts';
import { plural, printable, wrap } from './words.ts';

function abiDocument(summary: AbiSummary): object {
  return {
    arch: summary.abi,
    known: summary.calls.length,
    allowed: countPassing(summary),
    actions: Object.fromEntries(
      [...byAction(summary)].map(([label, calls]) => [label, calls.map((c) => c.name)]),
    ),
    notable: notableCalls(summary),
  };
}

/** What a policy does with every known call, ABI by ABI; with `names` the calls that each amount counts. */
export function overviewText(style: Style, name: string, policy: Policy, names: boolean): string {
  const summaries = summarize(policy);
  const abis = summaries.map((s) => s.abi).join(', ');
  const head = `${style.bold(printable(name))} covers ${abis}; calls of any other ABI: ${foreignText(policy)}.\n`;
  return head + summaries.map((s) => abiText(style, s, names)).join('');
}

/** The same as data: an object for each ABI. */
export function overviewDocument(policy: Policy): object[] {
  return summarize(policy).map(abiDocument);
}

function foreignText({ diagram, root }: Policy): string {
  const node = restrictForeign(diagram, root);
  if (!diagram.isTerminal(node)) return 'as these, for the filter does not ask for the ABI';
  const { kind, data } = actionOfWord(diagram.word(node));
  return formatAction(kind, data);
}

function abiText(style: Style, summary: AbiSummary, names: boolean): string {
  const rows = [...byAction(summary)].map(([label, calls]) => {
    const row = `  ${String(calls.length).padStart(4)}  ${label}`;
    return names
      ? `${row}\n${wrap(
          calls.map((c) => c.name),
          '          ',
        )}`
      : row;
  });
  const notable = notableCalls(summary).map(
    ({ name, why, conditional }) => `  ${style.yellow(name)}${conditional ? ' (by arguments)' : ''} — ${why}`,
  );
  const list =
    notable.length > 0
      ? `\n  ${style.bold('Worth a second look, because they pass:')}\n  ${notable.join('\n  ')}`
      : '';
  return `\n${style.bold(summary.abi)}: ${plural(summary.calls.length, 'known call')}\n${rows.join('\n')}${list}\n`;
}

/** The calls of each action; those whose action depends on arguments come last. */
function byAction(summary: AbiSummary): Map<string, CallSummary[]> {
  const groups = new Map<string, CallSummary[]>();
  for (const call of summary.calls) {
    const label =
      call.actions.length > 1
        ? 'depend on arguments'
        : formatAction(call.actions[0].action, call.actions[0].data);
    groups.set(label, [...(groups.get(label) ?? []), call]);
  }
  return new Map([...groups].sort(([a, x], [b, y]) => rank(a) - rank(b) || y.length - x.length));
}

function rank(label: string): number {
  return label === 'ALLOW' ? 0 : label === 'depend on arguments' ? 2 : 1;
}
