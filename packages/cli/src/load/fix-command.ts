import type { Amendment, Asked } from '@callgate/engine/internal/edit/amend';
import { textMeaning } from '@callgate/engine/internal/policy/text-meaning';
import type { Condition } from '@callgate/engine/internal/profile/profile';
import {
  errnoName,
  formatArgument,
  parseArgument,
  prototypeOf,
} from '@callgate/engine/internal/syscalls/arguments';
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
  const errno = calls.find((asked) => asked.errno !== undefined)?.errno;
  return [
    ...(covers.length > 0 ? [`--cover ${covers.join(',')}`] : []),
    ...words,
    ...(errno === undefined ? [] : [`--errno ${errnoName(errno) ?? errno}`]),
  ].join(' ');
}

function askedText({ names, conditions }: Asked): string {
  if (conditions.length === 0) return names.join(',');
  return `${names[0]}=${conditions.map((condition) => conditionText(names[0], condition)).join(' and ')}`;
}

function conditionText(name: string, { argument, operator, value, valueTwo }: Condition): string {
  const declared = prototypeOf(name)?.[argument];
  const word = (bits: bigint) => {
    const named = declared ? formatArgument(declared, bits, []) : '';
    return /^[\w|]+$/.test(named) && parseArgument(named) === bits ? named : `0x${bits.toString(16)}`;
  };
  const left = declared?.name ?? argument;
  return operator === 'MASKED_EQ' ? `${left}&${word(value)}==${word(valueTwo)}` : `${left}==${word(value)}`;
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
  const asked = calls.find(({ kind }) => kind !== 'deny');
  if (!asked) return undefined;
  if (source?.profile.defaultAction.value === 'ALLOW' && asked.conditions.length === 0) return undefined;
  const args = asked.conditions.map(({ argument, operator, value, valueTwo }) => {
    const second = operator === 'MASKED_EQ' ? `, "valueTwo": ${valueTwo}` : '';
    return `{"index": ${argument}, "value": ${value}${second}, "op": "SCMP_CMP_${operator}"}`;
  });
  const names = asked.names.map((name) => JSON.stringify(name)).join(', ');
  const tail = args.length > 0 ? `, "args": [${args.join(', ')}]` : '';
  return `{"names": [${names}], "action": "SCMP_ACT_ALLOW"${tail}}`;
}
