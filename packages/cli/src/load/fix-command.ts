import type { Amendment, Asked } from '@callgate/engine/internal/edit/amend';
import { textMeaning } from '@callgate/engine/internal/policy/text-meaning';
import type { Condition } from '@callgate/engine/internal/profile/profile';
import { formatArgument, parseArgument, prototypeOf } from '@callgate/engine/internal/syscalls/arguments';
import type { ExplainedDenial } from '@callgate/engine/internal/why/explained-denial';
import type { TargetFlags } from '../flags/target-flags.ts';
import { shellWord } from '../terminal/shell-word.ts';
import type { KnownFilter } from './suspect-filters.ts';

/** The command that makes a change, and the rule that it adds. */
export interface FixCommand {
  readonly command: string;
  readonly rule?: string;
}

/** The command that changes the profile so that the call passes; undefined where none does. */
export function fixCommand(
  { change }: ExplainedDenial,
  filter: KnownFilter | undefined,
  flags: TargetFlags,
): FixCommand | undefined {
  const by = filter?.editedBy;
  if (!change || !by) return undefined;
  const edit = (subject: string, output: string) =>
    `callgate edit ${shellWord(subject)} ${amendmentWords(change.amendment)}${targetWords(flags, filter)} -o ${shellWord(output)}`;
  const rule = ruleText(change.amendment, filter);
  const added = rule === undefined ? {} : { rule };
  switch (by.kind) {
    case 'file':
      return { command: edit(by.subject, by.output), ...added };
    case 'container':
      return { command: `callgate why ${shellWord(by.reference)} -o profile.json`, ...added };
    case 'process':
      return {
        command: `callgate decompile pid:${by.pid} -o profile.json && ${edit('profile.json', 'profile.json')}`,
        ...added,
      };
  }
}

/** An amendment as the flags of callgate edit. */
function amendmentWords({ covers = [], calls }: Amendment): string {
  const words = calls.map((asked) => `--${asked.kind} ${shellWord(askedText(asked))}`);
  return [...(covers.length > 0 ? [`--cover ${covers.join(',')}`] : []), ...words].join(' ');
}

function askedText({ names, conditions }: Asked): string {
  if (conditions.length === 0) return names.join(',');
  return `${names[0]}=${conditions.map((condition) => conditionText(names[0], condition)).join(' and ')}`;
}

function conditionText(name: string, { argument, value }: Condition): string {
  const declared = prototypeOf(name)?.[argument];
  const named = declared ? formatArgument(declared, value, []) : '';
  const word = /^[\w|]+$/.test(named) && parseArgument(named) === value ? named : `0x${value.toString(16)}`;
  return `${declared?.name ?? argument}==${word}`;
}

/** The flags with which the profile was read, so that the change is proven for the same. */
function targetWords(flags: TargetFlags, filter: KnownFilter): string {
  const { text } = filter;
  const isFaulty = text && textMeaning({ ...text, unknownNames: 'refuse' }).kind === 'faulty';
  const given = (['arch', 'kernel', 'caps', 'runtime'] as const).flatMap((flag) =>
    flags[flag] === undefined ? [] : [`--${flag} ${shellWord(flags[flag])}`],
  );
  return [...given, ...(isFaulty ? ['--allow-unknown'] : [])].map((word) => ` ${word}`).join('');
}

/** The rule as it stands in the profile then; undefined where a rule goes instead of one coming. */
function ruleText({ calls }: Amendment, { source }: KnownFilter): string | undefined {
  const [asked] = calls;
  if (!asked) return undefined;
  if (source?.profile.defaultAction.value === 'ALLOW' && asked.conditions.length === 0) return undefined;
  const args = asked.conditions.map(({ argument, value }) => {
    return `{"index": ${argument}, "value": ${value}, "op": "SCMP_CMP_EQ"}`;
  });
  const names = asked.names.map((name) => JSON.stringify(name)).join(', ');
  const tail = args.length > 0 ? `, "args": [${args.join(', ')}]` : '';
  return `{"names": [${names}], "action": "SCMP_ACT_ALLOW"${tail}}`;
}
