import { diffPolicies } from '../analysis/diff.ts';
import { explainCall } from '../analysis/explain.ts';
import { executes } from '../bpf/action.ts';
import { advice } from '../diagnostics/diagnostic.ts';
import { type CallSet, difference } from '../diagram/call-set.ts';
import { Diagram } from '../diagram/diagram.ts';
import { argument } from '../diagram/fields.ts';
import type { AskedCalls } from '../edit/asked-calls.ts';
import { conditionDiagram } from '../policy/condition.ts';
import type { Condition } from '../profile/profile.ts';
import type { Abi } from '../syscalls/arch.ts';
import { prototypeOf } from '../syscalls/arguments.ts';
import { nameOf, numberOf } from '../syscalls/lookup.ts';
import { multiplexed, subcallMask } from '../syscalls/multiplex.ts';
import type { Finding, FindingSeverity } from './finding.ts';
import type { Judged, Usual } from './judged.ts';
import { listed } from './listed.ts';

/** What profiles of a house may not let pass, whoever has written them. */
export type Budget = BudgetLimit & {
  readonly severity: FindingSeverity;
  /** Why, in the words of who set it. */
  readonly reason?: string;
};

type BudgetLimit =
  /** These calls never pass, on no ABI. */
  | { readonly kind: 'never'; readonly calls: readonly AskedCalls[] }
  /** Nothing passes that does not pass there. */
  | { readonly kind: 'never-looser'; readonly than: Usual };

/** The codes of what is over a budget. */
export const BUDGET_CODES = {
  'budget-call':
    'A call can be made, or is left to a tracer or supervisor, that a budget of the configuration rules out.',
  'budget-looser': 'The profile lets more pass than the one that a budget of the configuration names.',
} as const;

/** What of a profile is over a budget, each with a call that shows it. */
export function* overBudget(judged: Judged, budget: Budget): Iterable<Finding> {
  const why = budget.reason === undefined ? '' : ` (${budget.reason})`;
  if (budget.kind === 'never-looser') yield* looser(judged, budget, budget.than, why);
  else
    for (const asked of budget.calls)
      for (const name of asked.names) yield* passing(judged, budget, name, asked, why);
}

/** One finding for each ABI on which a call is not denied. */
function* passing(
  judged: Judged,
  { severity }: Budget,
  name: string,
  { conditions, condition }: AskedCalls,
  why: string,
): Iterable<Finding> {
  for (const abi of judged.policy.abis) {
    const found = reached(judged, abi, name, conditions);
    if (!found) continue;
    const witness = judged.witness(abi, found.call, found.set);
    const { action, origin } = judged.verdict(abi, found.call, witness.args);
    const through = found.call === name ? '' : `, through ${found.call}`;
    const where = abi === judged.native ? '' : ` on ${abi.name}`;
    yield {
      code: 'budget-call',
      severity,
      message: `the configuration rules ${name}${condition === undefined ? '' : ` with ${condition}`} out, but it ${executes(action) ? 'passes' : `is left to whoever answers ${action}`}${where}${through}${why}`,
      calls: [name],
      identity: `${name} ${condition ?? ''} ${abi.name}`,
      place: judged.placeOf(origin),
      witness,
      fix: advice(
        `callgate edit PROFILE --deny ${condition === undefined ? found.call : `'${name}=${condition}'`}`,
      ),
    };
  }
}

/** The call by which another one is made on an ABI, and the arguments with which it is not denied. */
function reached(
  judged: Judged,
  abi: Abi,
  name: string,
  conditions: readonly Condition[],
): { readonly call: string; readonly set: CallSet } | undefined {
  const { diagram } = judged.policy;
  const own = judged.denied(abi, name);
  const set =
    own === undefined
      ? Diagram.FALSE
      : difference(diagram, asKernelReads(diagram, abi, name, conditions), own);
  if (set !== Diagram.FALSE) return { call: name, set };
  const through = multiplexed(name);
  const nr = through && numberOf(abi.name, through.through);
  if (nr === undefined || nameOf(abi.name, nr) !== through!.through) return undefined;
  const mask = subcallMask(abi.name, through!.through);
  const subcall = diagram.maskedEquals(argument(0), mask, BigInt(through!.subcall));
  const open = difference(diagram, subcall, judged.denied(abi, through!.through)!);
  return open === Diagram.FALSE ? undefined : { call: through!.through, set: open };
}

/** The calls that are meant. The kernel looks at the low bits of a short argument, whatever stands in the others. */
function asKernelReads(diagram: Diagram, abi: Abi, name: string, conditions: readonly Condition[]): CallSet {
  return conditions.reduce<CallSet>((all, condition) => {
    const placed = { ...condition, argument: placeOn(abi, name, condition.argument) };
    return diagram.and(all, conditionOn(diagram, abi, placed, bitsRead(abi, name, condition.argument)));
  }, Diagram.TRUE);
}

function conditionOn(diagram: Diagram, abi: Abi, condition: Condition, bits: number): CallSet {
  const { operator, value } = condition;
  if (bits === 16 && operator === 'EQ')
    return diagram.maskedEquals(argument(condition.argument), 0xffffn, value & 0xffffn);
  return conditionDiagram(diagram, condition, bits > 32 ? abi.bits : 32);
}

function bitsRead(abi: Abi, name: string, at: number): number {
  // kernel/fork.c: the flags are an unsigned long of which the low 32 bits count.
  if (name === 'clone' && at === 0) return 32;
  return prototypeOf(name, abi.name)?.[at]?.bits ?? 64;
}

/** s390 has clone's stack first and its flags behind it. */
function placeOn({ name: abi }: Abi, name: string, at: number): number {
  return name === 'clone' && (abi === 's390' || abi === 's390x') && at < 2 ? 1 - at : at;
}

function* looser(
  judged: Judged,
  { severity }: Budget,
  { name, policy }: Usual,
  why: string,
): Iterable<Finding> {
  const { listed: differences, isComplete } = diffPolicies(policy, judged.policy);
  const more = differences.filter(({ change }) => change === 'loosened');
  if (more.length === 0 && isComplete) return;
  const [first] = more.length > 0 ? more : differences;
  const names = [...new Set(more.map((d) => d.name ?? `number ${d.nr}`))];
  const { witness } = first;
  const arch = first.arch === 'other' ? undefined : first.arch;
  yield {
    code: 'budget-looser',
    severity,
    message: isComplete
      ? `looser than ${name} in ${names.length === 1 ? 'one call' : `${names.length} calls`}, which the configuration rules out: ${listed(names)}${why}`
      : `whether it is looser than ${name} cannot be told: they differ in more ways than can be listed${why}`,
    calls: names,
    identity: name,
    place: judged.placeOf(explainCall(judged.policy, witness).origin),
    ...(arch && { witness: { arch, nr: witness.nr, args: witness.args } }),
    fix: advice(`callgate diff ${name} PROFILE shows each, and with which arguments`),
  };
}
