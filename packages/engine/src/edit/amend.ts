import { type Difference, diffPolicies } from '../analysis/diff.ts';
import { possibleVerdicts } from '../analysis/explain.ts';
import { type Action, actionOfWord, executes, freedomOf } from '../bpf/action.ts';
import { callsWhere, difference } from '../diagram/call-set.ts';
import { adopt, type Decision } from '../diagram/decision.ts';
import type { Diagram, NodeId } from '../diagram/diagram.ts';
import { restrict } from '../diagram/restrict.ts';
import { conditionsDiagram } from '../policy/condition.ts';
import type { Policy } from '../policy/policy.ts';
import { type ProfileText, textMeaning } from '../policy/text-meaning.ts';
import { parseProfile } from '../profile/parse.ts';
import type { Condition, Profile } from '../profile/profile.ts';
import { ENOSYS } from '../runtime/enosys-stub.ts';
import { type Abi, type AbiName, abiOf } from '../syscalls/arch.ts';
import { prototypeOf } from '../syscalls/arguments.ts';
import { numberOf } from '../syscalls/lookup.ts';
import { type Amended, NotAsAsked } from './amended.ts';
import type { AskedCalls } from './asked-calls.ts';
import { ProfileEditor } from './profile-editor.ts';
import { isThroughMultiplexer } from './through-multiplexer.ts';

/**
 * Calls that are to pass, or not to. With conditions they pass with these arguments alone (allow), with these beside those with which
 * they do already (also), or do not with these, as the others did (deny).
 */
export interface Asked extends AskedCalls {
  readonly kind: 'allow' | 'also' | 'deny';
  /** What is answered where they are not to pass; EPERM where it is not said. */
  readonly errno?: number;
}

/** What is to be changed in a profile; what it does not name stays as it is. */
export interface Amendment {
  readonly calls: readonly Asked[];
  /** ABIs that the profile is to cover, too: its rules then decide their calls. */
  readonly covers?: readonly AbiName[];
  /** Such as SCMP_ACT_ERRNO. */
  readonly defaultAction?: string;
  /** Every denial is logged instead. */
  readonly shadow?: boolean;
  /** Names that no table has become those that were meant, where that is known. */
  readonly renamesUnknown?: boolean;
}

const EPERM = 1;
const LOW_HALF = 0xffff_ffffn;
/** Actions of a profile by which a call is not made. */
const DENIALS = new Set(
  ['KILL', 'KILL_THREAD', 'KILL_PROCESS', 'TRAP', 'ERRNO'].map((name) => `SCMP_ACT_${name}`),
);
const LOG = 'SCMP_ACT_LOG';

/**
 * Changes the text of a profile, and proves that what it means has changed as asked and in nothing else. Throws NotAsAsked where it has
 * not; faults of the profile are told.
 */
export function amend(subject: ProfileText, asked: Amendment): Amended {
  const amendment = { ...asked, calls: asked.calls.map(asKernelReads) };
  const document = new ProfileEditor(subject);
  if (amendment.renamesUnknown) renameUnknown(document, subject.part);
  const first = textMeaning({ ...subject, text: document.text });
  if (first.kind === 'faulty') return first;
  if (amendment.defaultAction !== undefined) document.setDefault(amendment.defaultAction);
  if (amendment.shadow) {
    document.replaceActions(DENIALS, LOG);
    if (DENIALS.has(`SCMP_ACT_${first.profile.defaultAction.value}`)) document.setDefault(LOG);
  }
  for (const abi of amendment.covers ?? []) document.cover(abiOf(abi), first.policy.abis[0]);
  for (const asked of amendment.calls) decide(document, asked, subject);
  const second = textMeaning({ ...subject, text: document.text });
  if (second.kind === 'faulty') throw new NotAsAsked('the text could not be changed and still be read');
  const after = keepEnosys(document, first.policy, second.policy, amendment, subject);
  expectAsAsked(first.policy, after, amendment);
  return { kind: 'amended', text: document.text, before: first.policy, after };
}

function renameUnknown(document: ProfileEditor, part: string | undefined): void {
  const { diagnostics } = parseProfile(document.text, { part, unknownNames: 'skip' });
  document.replaceWords(
    diagnostics.flatMap(({ code, place, remedy }) =>
      code === 'unknown-syscall' && remedy?.kind === 'did-you-mean' ? [{ place, word: remedy.word }] : [],
    ),
  );
}

/** No rule names the calls any more but a new one, where the default action does not say it already. */
function decide(
  document: ProfileEditor,
  { names, kind, errno, conditions }: Asked,
  subject: ProfileText,
): void {
  if (kind === 'deny' && conditions.length > 0) {
    const answer = { action: 'SCMP_ACT_ERRNO', errnoRet: errno ?? EPERM };
    for (const name of names) denySome(document, name, conditions, answer, subject);
    return;
  }
  if (kind === 'also' && conditions.length > 0) {
    document.addRule({ names, action: 'SCMP_ACT_ALLOW', args: conditions.map(written) });
    return;
  }
  for (const name of names) document.removeCall(name);
  const now = textMeaning({ ...subject, text: document.text });
  const byDefault = now.kind === 'meant' ? defaultOf(now.profile) : undefined;
  if (conditions.length === 0 && byDefault === (kind === 'deny' ? 'deny' : 'allow') && errno === undefined)
    return;
  if (kind === 'deny') document.addRule({ names, action: 'SCMP_ACT_ERRNO', errnoRet: errno ?? EPERM });
  else
    document.addRule({
      names,
      action: 'SCMP_ACT_ALLOW',
      ...(conditions.length > 0 && { args: conditions.map(written) }),
    });
}

/** Of an argument of 32 bits the kernel takes the lower half, so what is denied is denied whatever stands in the other. */
function asKernelReads(asked: Asked): Asked {
  if (asked.kind !== 'deny' || asked.conditions.length === 0) return asked;
  const [name] = asked.names;
  const isShort = ({ argument }: Condition) => (prototypeOf(name)?.[argument]?.bits ?? 64) <= 32;
  const conditions = asked.conditions.map(
    (condition): Condition =>
      condition.operator === 'EQ' && isShort(condition)
        ? { ...condition, operator: 'MASKED_EQ', value: LOW_HALF, valueTwo: condition.value & LOW_HALF }
        : condition,
  );
  return { ...asked, conditions };
}

/**
 * A call does not pass with some arguments any more: by a rule of its own, where it passes by default, or because the rule that lets it
 * pass has the opposite condition.
 */
function denySome(
  document: ProfileEditor,
  name: string,
  conditions: readonly Condition[],
  answer: { readonly action: string; readonly errnoRet: number },
  subject: ProfileText,
): void {
  const now = textMeaning({ ...subject, text: document.text });
  const opposite = conditions.length === 1 ? oppositeOf(conditions[0]) : undefined;
  const isDenied = now.kind === 'meant' && defaultOf(now.profile) === 'deny';
  if (!isDenied || !opposite) document.addRule({ names: [name], ...answer, args: conditions.map(written) });
  else {
    document.removeCall(name);
    document.addRule({ names: [name], action: 'SCMP_ACT_ALLOW', args: [written(opposite)] });
  }
}

const OPPOSITES: Partial<Record<Condition['operator'], Condition['operator']>> = {
  EQ: 'NE',
  NE: 'EQ',
  LT: 'GE',
  GE: 'LT',
  GT: 'LE',
  LE: 'GT',
};

/** What holds exactly where a condition does not; undefined where no single condition says it. */
function oppositeOf(condition: Condition): Condition | undefined {
  const { operator, value: mask, valueTwo } = condition;
  const opposite = OPPOSITES[operator];
  if (opposite) return { ...condition, operator: opposite };
  const isOneBit = mask > 0n && (mask & (mask - 1n)) === 0n;
  return isOneBit ? { ...condition, valueTwo: (valueTwo & mask) ^ mask } : undefined;
}

function defaultOf({ defaultAction }: Profile): 'allow' | 'deny' | undefined {
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
export function keepEnosys(
  document: ProfileEditor,
  before: Policy,
  after: Policy,
  amendment: Amendment,
  subject: ProfileText,
): Policy {
  if (amendment.defaultAction !== undefined || amendment.shadow) return after;
  const moved = diffPolicies(before, after).listed.filter(
    (d) => d.change === 'changed' && !isAsked(d, amendment),
  );
  const [native] = before.abis;
  const lost = moved.flatMap(({ arch, name, before: answer }) => {
    const isOwn = arch === native.name || !isAnsweredOtherwise(before, native, name);
    return name !== undefined && isEnosys(answer) && isOwn ? [name] : [];
  });
  if (lost.length > 0)
    document.addRule({ names: [...new Set(lost)].sort(), action: 'SCMP_ACT_ERRNO', errnoRet: ENOSYS });
  if (moved.some((d) => isEnosys(d.after)))
    for (const { names, kind, errno } of amendment.calls)
      if (kind === 'deny' && errno === undefined)
        document.addRule({ names, action: 'SCMP_ACT_ERRNO', errnoRet: EPERM });
  const again = meaningNow(document, subject) ?? after;
  const gained = diffPolicies(before, again).listed.filter(
    (d) =>
      d.name !== undefined && d.arch === again.abis[0].name && isEnosys(d.after) && !isAsked(d, amendment),
  );
  if (gained.length === 0) return again;
  // A profile that named none has no calls above the highest; one that names the last of all has none, either.
  const last = gained.reduce((a, b) => (b.nr > a.nr ? b : a));
  document.addRule({ names: [last.name!], action: 'SCMP_ACT_ERRNO', errnoRet: last.before.data });
  return meaningNow(document, subject) ?? again;
}

/** Whether a rule with ENOSYS for the sake of another ABI would change what the machine's own calls get. */
function isAnsweredOtherwise(policy: Policy, abi: Abi, name: string | undefined): boolean {
  const nr = name === undefined ? undefined : numberOf(abi.name, name);
  if (nr === undefined) return false;
  return possibleVerdicts(policy, abi, nr).some(
    ({ verdict: { action, data } }) => action !== 'ERRNO' || data !== ENOSYS,
  );
}

function meaningNow(document: ProfileEditor, subject: ProfileText): Policy | undefined {
  const meaning = textMeaning({ ...subject, text: document.text });
  return meaning.kind === 'meant' ? meaning.policy : undefined;
}

function isEnosys({ kind, data }: Action): boolean {
  return kind === 'ERRNO' && data === ENOSYS;
}

function isAsked({ name }: Difference, { calls }: Amendment): boolean {
  return name !== undefined && calls.some(({ names }) => names.includes(name));
}

function expectAsAsked(before: Policy, after: Policy, amendment: Amendment): void {
  for (const asked of amendment.calls)
    for (const name of asked.names) expectDecided(before, after, name, asked, beside(amendment, name));
  const { listed, isComplete } = diffPolicies(before, after);
  if (amendment.defaultAction !== undefined) return;
  const native = after.abis[0].name;
  // A condition on the first argument says nothing of a sub-call, whose number stands there.
  const whole = amendment.calls.flatMap(({ names, conditions }) => (conditions.length === 0 ? names : []));
  const unasked = listed.filter(
    (d) =>
      !isAsked(d, amendment) &&
      !isThroughMultiplexer(d, whole) &&
      !(amendment.shadow && isShadow(d)) &&
      !amendment.covers?.some((abi) => abi === d.arch) &&
      !(d.arch !== native && isOtherErrno(d)),
  );
  // Numbers that no call has are answered as the runtime's own rule has it.
  const [other] = unasked.filter(({ name, arch }) => name !== undefined || arch === 'other');
  if (other)
    throw new NotAsAsked(
      `${other.name ?? `architecture ${other.arch}`} would change, too: ${other.before.kind} → ${other.after.kind}`,
    );
  if (!isComplete) throw new NotAsAsked('more would change than can be listed');
}

/** A rule gives all ABIs the ENOSYS that the runtime gave some of them, and a name moves the number above which the others get it. */
function isOtherErrno({ before, after }: Difference): boolean {
  return before.kind === 'ERRNO' && after.kind === 'ERRNO' && (isEnosys(before) || isEnosys(after));
}

function isShadow({ before, after }: Difference): boolean {
  return freedomOf(before.kind) === 0 && after.kind === 'LOG';
}

/** The conditions under which a call is to pass beside those under which it does. */
function beside({ calls }: Amendment, name: string): (readonly Condition[])[] {
  return calls.flatMap(({ kind, names, conditions }) =>
    kind === 'also' && names.includes(name) ? [conditions] : [],
  );
}

/** Whether a call is decided as asked on the machine's own ABI, or, where that has no such call, on the first that has. */
function expectDecided(
  before: Policy,
  after: Policy,
  name: string,
  { kind, conditions }: Asked,
  besides: readonly (readonly Condition[])[],
): void {
  const { diagram, abis } = after;
  const abi = abis.find((one) => numberOf(one.name, name) !== undefined);
  if (!abi) throw new NotAsAsked(`${abis[0].name} has no system call ${name}`);
  const all = kind === 'also' ? besides : [conditions];
  const named = all
    .map((some) => conditionsDiagram(diagram, some, abi.bits))
    .reduce((one, other) => diagram.or(one, other));
  const wanted = wantedCalls(diagram, kind, named, adopt(diagram, passingCalls(before, name, abi)));
  if (passingCalls(after, name, abi).root !== wanted)
    throw new NotAsAsked(`${name} would not be decided as asked: something else in the profile decides it`);
}

function wantedCalls(diagram: Diagram, kind: Asked['kind'], named: NodeId, before: NodeId): NodeId {
  switch (kind) {
    case 'allow':
      return named;
    case 'also':
      return diagram.or(before, named);
    case 'deny':
      return difference(diagram, before, named);
  }
}

/** The arguments with which a call of an ABI passes. */
function passingCalls({ diagram, root }: Policy, name: string, { name: arch, auditArch }: Abi): Decision {
  const calls = restrict(diagram, root, auditArch, numberOf(arch, name)!);
  return { diagram, root: callsWhere(diagram, calls, (word) => executes(actionOfWord(word).kind)) };
}
