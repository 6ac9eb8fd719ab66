import type { Diagnostic } from '@callgate/engine';
import type { Condition, Profile, Rule } from '@callgate/engine/internal/profile/profile';
import { profileDocument } from '@callgate/engine/internal/profile/stringify';
import { quote } from '@callgate/engine/internal/source/tree';
import { limit } from './limit.ts';

/** What runtimes return where no errno is given. */
const EPERM = 1;
/** The largest number that a custom resource keeps: kubectl and the API server hold numbers as int64. */
const MOST_IN_RESOURCE = 0x7fff_ffff_ffff_ffffn;

/** A profile as a custom resource has it. */
export interface ResourceForm {
  /** The profile's keys, for `spec`. */
  readonly spec: object;
  /** What the resource cannot hold; rules of which it says so are left out. */
  readonly limits: readonly Diagnostic[];
}

/** A profile in OCI's form as resources have it, whose numbers are int64 and whose errno 0 is none. */
export function resourceForm(profile: Profile, who: string): ResourceForm {
  const limits = [...defaultErrnoLimit(profile, who)];
  const rules = profile.rules.flatMap((rule) => {
    const mine = ruleLimits(rule, who);
    limits.push(...mine);
    // A resource with a rule that names nothing is refused, and it would do nothing.
    return mine.length > 0 || rule.names.length === 0 ? [] : [{ ...rule, names: distinct(rule.names) }];
  });
  const { defaultErrnoRet: _, ...rest } = profile;
  const hasFlags = profile.flags.length > 0;
  return { spec: profileDocument({ ...rest, hasFlags, rules }), limits };
}

function defaultErrnoLimit({ defaultAction, defaultErrnoRet }: Profile, who: string): Diagnostic[] {
  if (!defaultErrnoRet || !['ERRNO', 'TRACE'].includes(defaultAction.value)) return [];
  if (defaultErrnoRet.value === EPERM) return [];
  return [
    limit(
      `${who} has no defaultErrnoRet: calls that no rule names would get errno ${EPERM} and not ${defaultErrnoRet.value}`,
      defaultErrnoRet.span,
      'give the calls that need this errno a rule with "errnoRet"',
    ),
  ];
}

function ruleLimits({ action, errnoRet, conditions }: Rule, who: string): Diagnostic[] {
  const isReturned = ['ERRNO', 'TRACE'].includes(action.value);
  return [
    ...(errnoRet?.value === 0 && isReturned
      ? [limit(`${who} takes an errno of 0 for none, so that the call would get ${EPERM}`, errnoRet.span)]
      : []),
    ...conditions.flatMap((condition) => numberLimits(condition, who)),
  ];
}

function numberLimits({ value, valueTwo, span, parts }: Condition, who: string): Diagnostic[] {
  const tooLarge = (key: 'value' | 'valueTwo', number: bigint): Diagnostic[] =>
    number <= MOST_IN_RESOURCE
      ? []
      : [
          limit(
            `${who} keeps numbers up to ${MOST_IN_RESOURCE} (2^63 - 1), ${quote(key)} is ${number}`,
            parts?.[key] ?? span,
            'the upper bits of an argument that the kernel reads as int mean nothing: write the lower 32 with SCMP_CMP_MASKED_EQ',
          ),
        ];
  return [...tooLarge('value', value), ...tooLarge('valueTwo', valueTwo)];
}

function distinct(names: Rule['names']): Rule['names'] {
  return names.filter(({ value }, i) => names.findIndex((name) => name.value === value) === i);
}
