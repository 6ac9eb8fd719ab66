import {
  type AbiSummary,
  type CallSummary,
  countPassing,
  notableCalls,
  summarize,
} from '@callgate/engine/analysis/summary';
import { actionOfWord } from '@callgate/engine/bpf/action';
import { restrictForeign } from '@callgate/engine/diagram/restrict';
import type { Policy } from '@callgate/engine/policy/policy';
import { formatAction } from '@callgate/engine/report/action';
import { examples, type Verb } from '../command.ts';
import { CLEAN, type Context } from '../context.ts';
import { addTargetFlags, type TargetFlags, targetOf } from '../flags/target-flags.ts';
import { loadSubject, SUBJECT_HELP } from '../load/subject.ts';
import { bitmapDocument, bitmapsOf, bitmapsText } from '../terminal/bitmap.ts';
import { plural, printable, type Style, styleFor, wrap } from '../terminal/style.ts';

interface ShowFlags extends TargetFlags {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly names?: boolean;
  readonly bitmap?: boolean;
}

export const show: Verb = {
  name: 'show',

  configure(command) {
    command
      .argument('<subject>', SUBJECT_HELP)
      .option('--names', 'list the calls behind every number')
      .option(
        '--bitmap',
        'say which calls the kernel answers without running the filter, and why not the others',
      )
      .option('--json', 'one JSON document');
    addTargetFlags(command);
    command.addHelpText(
      'after',
      examples(
        'show stock:docker',
        'show profile.json --names',
        'show stock:docker --caps CAP_SYS_ADMIN --arch aarch64',
        'show docker:web --bitmap',
      ),
    );
  },

  async run(context, command) {
    const [file] = command.processedArgs as [string];
    const flags = command.opts<ShowFlags>();
    const subject = await loadSubject(context, file, targetOf(flags), {
      allowUnknown: flags.allowUnknown,
      quiet: flags.quiet || flags.json,
    });
    const summaries = summarize(subject.policy);
    const bitmaps = flags.bitmap ? bitmapsOf(subject) : [];
    const document = {
      profile: file,
      abis: summaries.map(abiDocument),
      ...(flags.bitmap && { bitmaps: bitmaps.map(bitmapDocument) }),
    };
    context.stdout.write(
      flags.json
        ? `${JSON.stringify(document)}\n`
        : overview(context, file, foreignText(subject.policy), summaries, flags.names ?? false) +
            bitmapsText(context, bitmaps),
    );
    return CLEAN;
  },
};

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

function overview(
  context: Context,
  file: string,
  foreign: string,
  summaries: readonly AbiSummary[],
  names: boolean,
): string {
  const style = styleFor(context.stdout, context.env);
  const head = `${style.bold(printable(file))} covers ${summaries.map((s) => s.abi).join(', ')}; calls of any other ABI: ${foreign}.\n`;
  return head + summaries.map((s) => abiText(style, s, names)).join('');
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
