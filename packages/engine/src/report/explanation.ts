import type { AskedCall } from '../analysis/asked-call.ts';
import type { PossibleVerdict, Verdict } from '../analysis/explain.ts';
import type { Reason } from '../build/demand.ts';
import type { Policy } from '../policy/policy.ts';
import type { Profile } from '../profile/profile.ts';
import type { Position } from '../source/line-map.ts';
import { errnoName } from '../syscalls/arguments.ts';
import { multiplexed } from '../syscalls/multiplex.ts';
import { formatAction } from './action.ts';
import { formatCall } from './call.ts';
import type { Style } from './style.ts';
import { printable } from './words.ts';

/** Where a verdict comes from: a profile's text, or programs. */
export interface VerdictSource {
  /** As people named it. */
  readonly name: string;
  readonly policy: Policy;
  readonly profile?: Profile;
  /** Where an offset of the profile's text is. */
  positionOf?(offset: number): Position;
  /** How many filters were stacked. */
  readonly filters?: number;
}

/** A verdict as data; `rule` is where the rule stands that gave it, `origins` why a built profile has it. */
export function verdictDocument(
  asked: AskedCall,
  verdict: Verdict,
  source: VerdictSource,
  origins: readonly Reason[] = [],
): object {
  const { origin } = verdict;
  const rule =
    origin.because === 'rule' && source.positionOf
      ? { ...source.positionOf(origin.span.start), index: origin.rule.index }
      : null;
  return {
    arch: asked.abi.name,
    syscall: asked.name,
    nr: asked.nr,
    args: asked.args.map(String),
    action: verdict.action,
    data: verdict.data,
    rule,
    because: origin.because,
    ...(origins.length > 0 && { origins }),
  };
}

/**
 * What becomes of a call, why, and what that comes to. `possible` is empty where the call is asked with its arguments, else
 * what possibleVerdicts gives: where it has several, each is shown with an example, and `verdict` is not.
 */
export function verdictText(
  style: Style,
  asked: AskedCall,
  verdict: Verdict,
  possible: readonly PossibleVerdict[],
  source: VerdictSource,
): string {
  if (possible.length <= 1)
    return `${style.bold(callText(asked, asked.args, possible.length === 0))} → ${actionText(style, verdict)}\n  ${because(verdict, source, asked)}\n  ${consequence(verdict)}\n`;
  const lines = possible.map(
    ({ verdict: v, example }) =>
      `  ${actionText(style, v)}  for example ${callText(asked, example.args, true)}\n    ${because(v, source, asked)}`,
  );
  return `${style.bold(asked.name)} on ${asked.abi.name} depends on its arguments:\n${lines.join('\n')}\n`;
}

function callText(asked: AskedCall, args: readonly bigint[], withArguments: boolean): string {
  return withArguments
    ? formatCall(asked.name, args, asked.abi.name)
    : `${asked.name} on ${asked.abi.name} (${asked.nr})`;
}

/** The action with its colour. */
export function actionText(style: Style, verdict: Verdict): string {
  const action = formatAction(verdict.action, verdict.data);
  if (verdict.action === 'ALLOW') return style.green(action);
  return verdict.action === 'LOG' ? style.yellow(action) : style.red(action);
}

/** By which rule a verdict came about, or by what else. */
export function because(
  { origin }: Verdict,
  source: VerdictSource,
  asked: Pick<AskedCall, 'name' | 'abi'>,
): string {
  const place = (offset: number) => source.positionOf?.(offset) ?? { line: 0, column: 0 };
  switch (origin.because) {
    case 'rule': {
      const { line, column } = place(origin.span.start);
      return `rule ${origin.rule.index} of ${printable(source.name)}, line ${line}, column ${column}`;
    }
    case 'default': {
      const { line } = place(source.profile?.defaultAction.span.start ?? 0);
      return `no rule matches: the default action, line ${line}`;
    }
    case 'filter':
      return `so ${filtersSay(source.filters ?? 0)} of ${printable(source.name)}`;
    case 'bad-arch':
      return `the profile does not cover this ABI: it covers ${source.policy.abis.map((a) => a.name).join(', ')}`;
    case 'enosys-stub':
      return stubReason(asked, source);
  }
}

/** runc's stub does not count names that libseccomp gives pseudo numbers on an ABI, because they go through another call. */
function stubReason({ name, abi }: Pick<AskedCall, 'name' | 'abi'>, { profile }: VerdictSource): string {
  const through = abi.multiplexed ? multiplexed(name)?.through : undefined;
  const isNamed = profile?.rules.some((rule) => rule.names.some(({ value }) => value === name)) ?? false;
  return through !== undefined && isNamed
    ? `the number is above every call that runc's stub counts, and it does not count ${name}, which libseccomp takes for ${through} there: runc answers ENOSYS before the filter is asked`
    : 'the number is above every call that the profile names: runc answers ENOSYS before the filter is asked';
}

function filtersSay(count: number): string {
  if (count === 0) return 'says the lack of a filter';
  return count === 1 ? 'says the filter' : `say the ${count} filters`;
}

/** What an action comes to, as a sentence. */
export function consequence({ action, data }: Verdict): string {
  switch (action) {
    case 'ALLOW':
      return 'the kernel executes it';
    case 'LOG':
      return 'the kernel executes it and writes it to the audit log';
    case 'ERRNO':
      return data === 0
        ? 'the call reports success, but nothing is executed'
        : `the call fails with ${errnoName(data) ?? `errno ${data}`}`;
    case 'KILL_THREAD':
      return 'the thread that made it dies, the rest of the process goes on';
    case 'KILL_PROCESS':
      return 'the process dies of SIGSYS ("Bad system call")';
    case 'TRAP':
      return 'the thread gets SIGSYS, which it may handle';
    case 'TRACE':
      return 'a tracer decides; without one the call fails with ENOSYS';
    case 'NOTIFY':
      return 'a supervisor decides; without one the call fails with ENOSYS';
  }
}
