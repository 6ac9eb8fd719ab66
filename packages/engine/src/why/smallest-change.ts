import { explainCall, possibleVerdicts } from '../analysis/explain.ts';
import { type Amendment, type Asked, amend } from '../edit/amend.ts';
import { NotAsAsked } from '../edit/amended.ts';
import type { Policy } from '../policy/policy.ts';
import type { ProfileText } from '../policy/text-meaning.ts';
import type { Condition } from '../profile/profile.ts';
import { worthOf } from '../recording/worthwhile-arguments.ts';
import { abiOf } from '../syscalls/arch.ts';
import { prototypeOf } from '../syscalls/arguments.ts';
import { isKnownName } from '../syscalls/lookup.ts';
import type { DeniedCall } from './denied-call.ts';

/** A change of a profile's text that lets a call pass. */
export interface SmallestChange {
  readonly amendment: Amendment;
  readonly text: string;
  readonly before: Policy;
  readonly after: Policy;
  /** Whether it is for the arguments that were told alone. */
  readonly isForArguments: boolean;
}

const NOWHERE = { start: 0, end: 0 };

/**
 * The first of ever wider changes that lets the call pass and changes nothing else: the arguments it had, the whole call, and each
 * on an ABI that the profile did not cover. Undefined where none does.
 */
export function smallestChange(subject: ProfileText, call: DeniedCall): SmallestChange | undefined {
  for (const amendment of candidates(call)) {
    const made = tried(subject, amendment);
    if (made && passes(made.after, call))
      return {
        amendment,
        ...made,
        isForArguments: amendment.calls.some(({ conditions }) => conditions.length > 0),
      };
  }
  return undefined;
}

function* candidates({ arch, name, args }: DeniedCall): Generator<Amendment> {
  const conditions = args ? conditionsOf(name, args) : [];
  const whole: Asked[] = isKnownName(name) ? [{ names: [name], kind: 'allow', conditions: [] }] : [];
  const some = (kind: Asked['kind']): Asked[] => [{ names: [name], kind, conditions }];
  for (const covers of [[], [arch]]) {
    if (covers.length > 0) yield { covers, calls: [] };
    if (conditions.length > 0 && whole.length > 0) {
      yield { covers, calls: some('also') };
      // Where it passed with none, a rule that denies it in words must go.
      yield { covers, calls: some('allow') };
    }
    if (whole.length > 0) yield { covers, calls: whole };
  }
}

/** The arguments that are worth a condition, as they were. */
function conditionsOf(name: string, args: readonly bigint[]): Condition[] {
  const worth = worthOf(name) ?? [];
  return worth.flatMap((isWorth, argument): Condition[] => {
    const bits = prototypeOf(name)?.[argument]?.bits ?? 64;
    const value = bits <= 32 ? args[argument] & 0xffff_ffffn : args[argument];
    return isWorth ? [{ argument, operator: 'EQ', value, valueTwo: 0n, span: NOWHERE }] : [];
  });
}

function tried(subject: ProfileText, amendment: Amendment) {
  try {
    const amended = amend({ ...subject, unknownNames: 'skip' }, amendment);
    return amended.kind === 'amended' ? amended : undefined;
  } catch (fault) {
    if (fault instanceof NotAsAsked) return undefined;
    throw fault;
  }
}

/** Whether the kernel executes it whatever it is told, and writes nothing down. */
function passes(policy: Policy, { arch, nr, args }: DeniedCall): boolean {
  const abi = abiOf(arch);
  if (args) return explainCall(policy, { arch: abi.auditArch, nr, args }).action === 'ALLOW';
  return possibleVerdicts(policy, abi, nr).every(({ verdict }) => verdict.action === 'ALLOW');
}
