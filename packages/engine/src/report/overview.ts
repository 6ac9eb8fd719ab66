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
import { listed, plural, printable, wrap } from './words.ts';

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
  if (policy.diagram.isTerminal(policy.root) && isAllow(policy.diagram.word(policy.root)))
    return `${style.bold(printable(name))}: ${style.yellow('no filter')}, or one that denies nothing: every call of every ABI passes.\n`;
  const summaries = summarize(policy);
  const abis = summaries.map((s) => s.abi).join(', ');
  const head = `${style.bold(printable(name))} covers ${abis}; calls of any other ABI: ${foreignText(policy)}.\n`;
  return head + summaries.map((s) => abiText(style, s, names)).join('');
}

/** The same as data: an object for each ABI. */
export function overviewDocument(policy: Policy): object[] {
  return summarize(policy).map(abiDocument);
}

function isAllow(word: number): boolean {
  return actionOfWord(word).kind === 'ALLOW';
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
  const asked = ASKED.flatMap((action) => askedLine(style, summary, action));
  const notable = notableCalls(summary).map(
    ({ name, why, conditional }) => `  ${style.yellow(name)}${conditional ? ' (by arguments)' : ''} — ${why}`,
  );
  const list = [
    ...(notable.length > 0 ? [style.bold('Worth a second look, because they pass:'), ...notable] : []),
    ...(asked.length > 0 ? [style.bold('Worth a second look, because they may pass:'), ...asked] : []),
  ]
    .map((line) => `\n  ${line}`)
    .join('');
  return `\n${style.bold(summary.abi)}: ${plural(summary.calls.length, 'known call')}\n${rows.join('\n')}${list}\n`;
}

/** Actions by which calls pass that are neither allowed nor denied, and who lets them. */
const ASKED = ['LOG', 'TRACE', 'NOTIFY'] as const;
const WHO: Readonly<Record<(typeof ASKED)[number], string>> = {
  LOG: 'they pass, and the audit log tells of them',
  TRACE: 'a tracer decides, and a process that may trace its child is one',
  NOTIFY: 'a supervisor decides',
};

function askedLine(style: Style, { calls }: AbiSummary, action: (typeof ASKED)[number]): string[] {
  const names = calls.filter((c) => c.actions.some((a) => a.action === action)).map((c) => c.name);
  if (names.length === 0) return [];
  return [`  ${style.yellow(action)}: ${listed(names, MOST_NAMES)} — ${WHO[action]}`];
}

/** Calls in a line of the overview. */
const MOST_NAMES = 8;

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
