import { explainCall, possibleVerdicts, type Verdict } from '../analysis/explain.ts';
import { type Amendment, type Asked, amend } from '../edit/amend.ts';
import { NotAsAsked } from '../edit/amended.ts';
import { cloneArguments, NAMESPACE_FLAGS, SIGCHLD } from '../lint/namespaces.ts';
import type { Policy } from '../policy/policy.ts';
import type { ProfileText } from '../policy/text-meaning.ts';
import type { Condition } from '../profile/profile.ts';
import { worthOf } from '../recording/worthwhile-arguments.ts';
import { ENOSYS } from '../runtime/enosys-stub.ts';
import { type AbiName, abiOf } from '../syscalls/arch.ts';
import { prototypeOf } from '../syscalls/arguments.ts';
import { isKnownName, numberOf } from '../syscalls/lookup.ts';
import type { DeniedCall } from './denied-call.ts';

/** A change of a profile's text that lets a call pass. */
export interface SmallestChange {
  readonly amendment: Amendment;
  readonly text: string;
  readonly before: Policy;
  readonly after: Policy;
}

const NOWHERE = { start: 0, end: 0 };

/**
 * The first of ever wider changes that lets the call pass and changes nothing else: the arguments it had, the whole call, and each
 * on an ABI that the profile did not cover. Undefined where none does.
 */
export function smallestChange(subject: ProfileText, call: DeniedCall): SmallestChange | undefined {
  for (const amendment of candidates(call)) {
    const made = tried(subject, amendment);
    if (made && passes(made.after, call)) return { amendment, ...made };
  }
  return undefined;
}

function* candidates(call: DeniedCall): Generator<Amendment> {
  const { arch, name, isPlain } = call;
  if (isPlain && name === 'clone3') yield* fallbacks(arch);
  const conditions = conditionsOf(call);
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

/** A library takes clone where clone3 is not implemented, and of its flags a filter can see which namespaces it makes. */
function* fallbacks(arch: AbiName): Generator<Amendment> {
  const deny: Asked = { names: ['clone3'], kind: 'deny', errno: ENOSYS, conditions: [] };
  yield { calls: [deny] };
  for (const kind of ['also', 'allow'] as const)
    yield { calls: [deny, { names: ['clone'], kind, conditions: [withoutNamespaces(arch)] }] };
}

/** The arguments that are worth a condition, as they were; of a clone that a library made, that it makes no namespace. */
function conditionsOf({ arch, name, args, isPlain }: DeniedCall): Condition[] {
  if (isPlain && name === 'clone') return [withoutNamespaces(arch)];
  if (!args) return [];
  const worth = worthOf(name) ?? [];
  return worth.flatMap((isWorth, argument): Condition[] => {
    const bits = prototypeOf(name)?.[argument]?.bits ?? 64;
    const value = bits <= 32 ? args[argument] & 0xffff_ffffn : args[argument];
    return isWorth ? [{ argument, operator: 'EQ', value, valueTwo: 0n, span: NOWHERE }] : [];
  });
}

function withoutNamespaces(arch: AbiName): Condition {
  const argument = cloneArguments(abiOf(arch), SIGCHLD).indexOf(SIGCHLD);
  const flags = NAMESPACE_FLAGS.reduce((all, [, flag]) => all | flag, 0n);
  return { argument, operator: 'MASKED_EQ', value: flags, valueTwo: 0n, span: NOWHERE };
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

/** Whether the kernel executes it whatever it is told, and writes nothing down; of what a library makes, whether that is made. */
function passes(policy: Policy, { arch, nr, name, args, isPlain }: DeniedCall): boolean {
  const abi = abiOf(arch);
  const verdict = (nr: number, args: readonly bigint[]) =>
    explainCall(policy, { arch: abi.auditArch, nr, args });
  const makesProcess = (nr: number) => verdict(nr, cloneArguments(abi, SIGCHLD)).action === 'ALLOW';
  if (args) return verdict(nr, args).action === 'ALLOW';
  if (isPlain && name === 'clone') return makesProcess(nr);
  if (isPlain && name === 'clone3' && isEnosys(verdict(nr, [])))
    return makesProcess(numberOf(arch, 'clone')!);
  return possibleVerdicts(policy, abi, nr).every(({ verdict }) => verdict.action === 'ALLOW');
}

function isEnosys({ action, data }: Verdict): boolean {
  return action === 'ERRNO' && data === ENOSYS;
}
