import { type Difference, diffPolicies } from '../analysis/diff.ts';
import { type Action, actionOfWord, executes, freedomOf } from '../bpf/action.ts';
import { type Diagnostic, hasErrors } from '../diagnostics/diagnostic.ts';
import { callsWhere } from '../diagram/call-set.ts';
import { adopt } from '../diagram/decision.ts';
import { Diagram } from '../diagram/diagram.ts';
import { restrict } from '../diagram/restrict.ts';
import { conditionsDiagram } from '../policy/condition.ts';
import { lowerProfile } from '../policy/lower.ts';
import type { Policy } from '../policy/policy.ts';
import { parseProfile } from '../profile/parse.ts';
import type { Condition, Profile } from '../profile/profile.ts';
import { ENOSYS } from '../runtime/enosys-stub.ts';
import type { Target } from '../runtime/target.ts';
import { formatOf } from '../source/read.ts';
import { abiOf } from '../syscalls/arch.ts';
import { numberOf } from '../syscalls/lookup.ts';
import type { AskedCalls } from './asked-calls.ts';
import { ProfileText } from './edit-profile.ts';

/** Calls that are to pass, or not to; conditions are for those that are to pass. */
export interface Asked extends AskedCalls {
  readonly kind: 'allow' | 'deny';
}

/** What is to be changed in a profile; what it does not name stays as it is. */
export interface Amendment {
  readonly calls: readonly Asked[];
  /** Such as SCMP_ACT_ERRNO. */
  readonly defaultAction?: string;
  /** Every denial is logged instead. */
  readonly shadow?: boolean;
  /** Names that no table has become those that were meant, where that is known. */
  readonly renamesUnknown?: boolean;
}

/** A profile before and after. */
export interface Amended {
  readonly text: string;
  readonly before: Policy;
  readonly after: Policy;
}

const EPERM = 1;
/** Actions of a profile by which a call is not made. */
const DENIALS = new Set(
  ['KILL', 'KILL_THREAD', 'KILL_PROCESS', 'TRAP', 'ERRNO'].map((name) => `SCMP_ACT_${name}`),
);
const LOG = 'SCMP_ACT_LOG';

/** An amendment would change more than was asked for, or less, so nothing was changed. */
export class NotAsAsked extends Error {}

/**
 * Changes the text of a profile, and proves that what it means has changed as asked and in nothing else. Throws NotAsAsked where it has
 * not; faults of the profile are told.
 */
export function amend(
  name: string,
  text: string,
  part: string | undefined,
  target: Target,
  amendment: Amendment,
): ({ readonly kind: 'amended' } & Amended) | Refused {
  const format = formatOf(text, name);
  const document = new ProfileText(text, format, part);
  if (amendment.renamesUnknown) renameUnknown(document, part);
  const first = meaningOf(document.text, part, target);
  if (first.kind === 'refused') return first;
  if (amendment.defaultAction !== undefined) document.setDefault(amendment.defaultAction);
  if (amendment.shadow) {
    document.replaceActions(DENIALS, LOG);
    if (DENIALS.has(`SCMP_ACT_${first.profile.defaultAction.value}`)) document.setDefault(LOG);
  }
  for (const asked of amendment.calls) decide(document, asked, part, target);
  const second = meaningOf(document.text, part, target);
  if (second.kind === 'refused') return second;
  const after = keepEnosys(document, first.policy, second.policy, amendment, part, target);
  expectAsAsked(first.policy, after, amendment);
  return { kind: 'amended', text: document.text, before: first.policy, after };
}

interface Refused {
  readonly kind: 'refused';
  readonly faults: readonly Diagnostic[];
}

type Meaning = Refused | { readonly kind: 'read'; readonly profile: Profile; readonly policy: Policy };

function meaningOf(text: string, part: string | undefined, target: Target): Meaning {
  const { value: profile, diagnostics } = parseProfile(text, { part });
  const lowered = profile && lowerProfile(profile, target);
  const faults = [...diagnostics, ...(lowered?.diagnostics ?? [])];
  if (!profile || !lowered?.value || hasErrors(faults)) return { kind: 'refused', faults };
  return { kind: 'read', profile, policy: lowered.value };
}

function renameUnknown(document: ProfileText, part: string | undefined): void {
  const { diagnostics } = parseProfile(document.text, { part, unknownNames: 'skip' });
  document.replaceWords(
    diagnostics.flatMap(({ code, place, remedy }) =>
      code === 'unknown-syscall' && remedy?.kind === 'did-you-mean' ? [{ place, word: remedy.word }] : [],
    ),
  );
}

/** No rule names the calls any more but a new one, where the default action does not say it already. */
function decide(
  document: ProfileText,
  { names, kind, conditions }: Asked,
  part: string | undefined,
  target: Target,
): void {
  for (const name of names) document.removeCall(name);
  const now = meaningOf(document.text, part, target);
  const byDefault = now.kind === 'read' ? defaultOf(now.profile) : undefined;
  if (conditions.length === 0 && byDefault === kind) return;
  if (kind === 'deny') document.addRule({ names, action: 'SCMP_ACT_ERRNO', errnoRet: EPERM });
  else
    document.addRule({
      names,
      action: 'SCMP_ACT_ALLOW',
      ...(conditions.length > 0 && { args: conditions.map(written) }),
    });
}

function defaultOf({ defaultAction }: Profile): Asked['kind'] | undefined {
  if (defaultAction.value === 'ALLOW') return 'allow';
  return DENIALS.has(`SCMP_ACT_${defaultAction.value}`) ? 'deny' : undefined;
}

function written({ argument, operator, value, valueTwo }: Condition) {
  return {
    index: argument,
    value,
    ...(operator === 'MASKED_EQ' && { valueTwo }),
    op: `SCMP_CMP_${operator}`,
  };
}

/**
 * A runtime answers ENOSYS above the highest call that a profile names. Where names that came or went have moved that, the
 * calls in between keep their answer: by a rule, or by a name that stays.
 */
function keepEnosys(
  document: ProfileText,
  before: Policy,
  after: Policy,
  amendment: Amendment,
  part: string | undefined,
  target: Target,
): Policy {
  if (amendment.defaultAction !== undefined || amendment.shadow) return after;
  const moved = diffPolicies(before, after).listed.filter(
    (d) => d.change === 'changed' && !isAsked(d, amendment),
  );
  const lost = moved.flatMap((d) => (d.name !== undefined && isEnosys(d.before) ? [d.name] : []));
  if (lost.length > 0)
    document.addRule({ names: [...new Set(lost)].sort(), action: 'SCMP_ACT_ERRNO', errnoRet: ENOSYS });
  if (moved.some((d) => isEnosys(d.after)))
    for (const { names, kind } of amendment.calls)
      if (kind === 'deny') document.addRule({ names, action: 'SCMP_ACT_ERRNO', errnoRet: EPERM });
  const again = meaningOf(document.text, part, target);
  return again.kind === 'read' ? again.policy : after;
}

function isEnosys({ kind, data }: Action): boolean {
  return kind === 'ERRNO' && data === ENOSYS;
}

function isAsked({ name }: Difference, { calls }: Amendment): boolean {
  return name !== undefined && calls.some(({ names }) => names.includes(name));
}

function expectAsAsked(before: Policy, after: Policy, amendment: Amendment): void {
  for (const asked of amendment.calls) for (const name of asked.names) expectDecided(after, name, asked);
  const { listed, isComplete } = diffPolicies(before, after);
  if (amendment.defaultAction !== undefined) return;
  const native = after.abis[0].name;
  const unasked = listed.filter(
    (d) =>
      !isAsked(d, amendment) && !(amendment.shadow && isShadow(d)) && !(d.arch !== native && isOtherErrno(d)),
  );
  // Numbers that no call has are answered as the runtime's own rule has it.
  const [other] = unasked.filter(({ name, arch }) => name !== undefined || arch === 'other');
  if (other)
    throw new NotAsAsked(
      `${other.name ?? `architecture ${other.arch}`} would change, too: ${other.before.kind} → ${other.after.kind}`,
    );
  if (!isComplete) throw new NotAsAsked('more would change than can be listed');
}

/** A rule gives all ABIs the ENOSYS that the runtime gave some of them. */
function isOtherErrno({ before, after }: Difference): boolean {
  return before.kind === 'ERRNO' && isEnosys(after);
}

function isShadow({ before, after }: Difference): boolean {
  return freedomOf(before.kind) === 0 && after.kind === 'LOG';
}

/** Whether a call is decided as asked on the machine's own ABI, where it has that call. */
function expectDecided(
  { diagram, root, abis: [{ name: arch, auditArch, bits }] }: Policy,
  name: string,
  { kind, conditions }: Asked,
): void {
  const nr = numberOf(abiOf(arch).name, name);
  if (nr === undefined) throw new NotAsAsked(`${arch} has no system call ${name}`);
  const passing = callsWhere(diagram, restrict(diagram, root, auditArch, nr), (word) =>
    executes(actionOfWord(word).kind),
  );
  const wanted = kind === 'deny' ? Diagram.FALSE : conditionsDiagram(diagram, conditions, bits);
  if (passing !== adopt(diagram, { diagram, root: wanted }))
    throw new NotAsAsked(`${name} would not be decided as asked: something else in the profile decides it`);
}
