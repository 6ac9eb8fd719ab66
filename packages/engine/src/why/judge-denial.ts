import { explainCall, possibleVerdicts, type Verdict } from '../analysis/explain.ts';
import { type ActionKind, actionOfWord, executes } from '../bpf/action.ts';
import { callsWhere } from '../diagram/call-set.ts';
import type { Decision } from '../diagram/decision.ts';
import { restrict } from '../diagram/restrict.ts';
import type { Policy } from '../policy/policy.ts';
import { ENOSYS } from '../runtime/enosys-stub.ts';
import type { Subject } from '../subject/subject.ts';
import { abiOf } from '../syscalls/arch.ts';
import { callsOf } from '../syscalls/lookup.ts';
import type { DeniedCall, Outcome } from './denied-call.ts';

/** By what a call was refused. */
export type DeniedBy =
  | 'rule'
  | 'default'
  | 'bad-arch'
  | 'enosys-stub'
  /** A filter that is not the one whose profile is known, beside it. */
  | 'second-filter'
  /** No filter can have done it. */
  | 'not-seccomp'
  | 'unknown';

/** Which filter answered a call, and why. */
export interface Judgement {
  readonly by: DeniedBy;
  /** The filter that answers so, by its place in the list. */
  readonly filter?: number;
  readonly verdict?: Verdict;
  /** Of the filter that answers so: with which arguments the call passes. Undefined where these do not count. */
  readonly passing?: Decision;
  /** Whether the filter denies the call, though not as it was told: another release of it, or another one, may have answered. */
  readonly isOtherwise?: true;
  /** What each filter says of the call, in their order. */
  readonly answers: readonly FilterAnswer[];
}

/** What a filter does with a call. */
export interface FilterAnswer {
  readonly name: string;
  /** All that it may get; one where the arguments are known or do not count. */
  readonly verdicts: readonly Verdict[];
}

/** A call that is refused whoever listens or traces: nobody who would let it pass is there. */
function isRefusal(action: ActionKind): boolean {
  return !executes(action);
}

/** What a program sees of an action when nobody listens or traces. */
function isSeenAs({ action, data }: Verdict, outcome: Outcome): boolean {
  switch (outcome.kind) {
    case 'action':
      return action === outcome.action;
    case 'errno':
      if (action === 'NOTIFY' || action === 'TRACE') return outcome.errno === ENOSYS;
      return action === 'ERRNO' && data === outcome.errno;
    case 'sigsys':
      return action === 'TRAP' || action === 'KILL_THREAD' || action === 'KILL_PROCESS';
    case 'unknown':
      return isRefusal(action);
  }
}

/**
 * Finds which of stacked filters has refused a call as it was told. The first is the one whose profile is the workload's; the
 * others stand beside it.
 */
export function judgeDenial(
  call: DeniedCall,
  filters: readonly Pick<Subject, 'name' | 'policy'>[],
): Judgement {
  const answers = filters.map(({ name, policy }) => ({ name, verdicts: verdictsOf(policy, call) }));
  if (answers.length === 0) return { by: 'unknown', answers };
  if (isFallenBackFrom(call, answers)) return { by: 'not-seccomp', answers };
  const found = firstAnswer(answers, (verdict) => isSeenAs(verdict, call.outcome));
  if (found) return judged(call, filters, answers, found);
  // A log tells of every action, so one that no filter here gives is another filter's; an error may be anybody's.
  const other = firstAnswer(answers, ({ action }) => isRefusal(action));
  if (call.outcome.kind === 'action' && executes(call.outcome.action)) return { by: 'unknown', answers };
  if (other) return { ...judged(call, filters, answers, other), isOtherwise: true };
  if (call.outcome.kind === 'action' || call.outcome.kind === 'sigsys')
    return { by: 'second-filter', answers };
  return { by: 'not-seccomp', answers };
}

/** clone3 that is not implemented is no failure: libraries take clone then, as default profiles want it. */
function isFallenBackFrom({ name, isPlain, outcome }: DeniedCall, answers: readonly FilterAnswer[]): boolean {
  if (!isPlain || name !== 'clone3' || (outcome.kind === 'errno' && outcome.errno === ENOSYS)) return false;
  const refusals = answers.flatMap(({ verdicts }) => verdicts.filter(({ action }) => isRefusal(action)));
  return refusals.length > 0 && refusals.every(({ action, data }) => action === 'ERRNO' && data === ENOSYS);
}

interface Answering {
  readonly filter: number;
  readonly verdict: Verdict;
}

function firstAnswer(
  answers: readonly FilterAnswer[],
  is: (verdict: Verdict) => boolean,
): Answering | undefined {
  for (const [filter, { verdicts }] of answers.entries()) {
    const verdict = verdicts.find(is);
    if (verdict) return { filter, verdict };
  }
  return undefined;
}

function judged(
  call: DeniedCall,
  filters: readonly Pick<Subject, 'policy'>[],
  answers: readonly FilterAnswer[],
  { filter, verdict }: Answering,
): Judgement {
  const { because } = verdict.origin;
  const passing = passingArguments(filters[filter].policy, call);
  return {
    by:
      filter > 0
        ? 'second-filter'
        : because === 'filter'
          ? byOf(filters[filter].policy, call, verdict)
          : because,
    filter,
    verdict,
    ...(passing && { passing }),
    answers,
  };
}

/** A filter whose rules nobody knows has one for what it answers otherwise than most calls; the rest it gives to all others. */
function byOf(policy: Policy, { arch }: DeniedCall, { action, data }: Verdict): 'rule' | 'default' {
  const { name, auditArch } = abiOf(arch);
  const all = callsOf(name);
  const alike = all.filter(([, nr]) => {
    const other = explainCall(policy, { arch: auditArch, nr, args: [] });
    return other.action === action && other.data === data;
  });
  return 2 * alike.length > all.length ? 'default' : 'rule';
}

/** With no flag but the signal at the end, as fork has it; a thread's have no namespace either. */
const PLAIN_CLONE = [17n, 0n, 0n, 0n, 0n, 0n];

function verdictsOf(policy: Policy, { arch, nr, name, isPlain, ...call }: DeniedCall): Verdict[] {
  const abi = abiOf(arch);
  const args = call.args ?? (isPlain && name === 'clone' ? PLAIN_CLONE : undefined);
  if (args) return [explainCall(policy, { arch: abi.auditArch, nr, args })];
  return possibleVerdicts(policy, abi, nr).map(({ verdict }) => verdict);
}

/** The arguments with which a filter lets a call pass; undefined where it never or always does. */
function passingArguments({ diagram, root }: Policy, { arch, nr }: DeniedCall): Decision | undefined {
  const { auditArch } = abiOf(arch);
  const passing = callsWhere(diagram, restrict(diagram, root, auditArch, nr), (word) =>
    executes(actionOfWord(word).kind),
  );
  return diagram.isTerminal(passing) ? undefined : { diagram, root: passing };
}
