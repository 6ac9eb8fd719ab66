import { diffPolicies } from '../analysis/diff.ts';
import { actionOfWord, actionWord, executes } from '../bpf/action.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { type CallSet, callsWhere, difference, isSubset } from '../diagram/call-set.ts';
import { adopt } from '../diagram/decision.ts';
import { Diagram } from '../diagram/diagram.ts';
import { ARCH, NR } from '../diagram/fields.ts';
import { restrict } from '../diagram/restrict.ts';
import { keepEnosys } from '../edit/amend.ts';
import { ProfileEditor } from '../edit/profile-editor.ts';
import { conditionsDiagram } from '../policy/condition.ts';
import { type Policy, withoutStub } from '../policy/policy.ts';
import { type ProfileText, type TextMeaning, textMeaning } from '../policy/text-meaning.ts';
import { namesAllowed } from '../profile/allowed-calls.ts';
import type { Condition, Profile } from '../profile/profile.ts';
import type { Observation, Recording } from '../recording/recording.ts';
import { ENOSYS } from '../runtime/enosys-stub.ts';
import { resolveProfile } from '../runtime/resolve.ts';
import { type Abi, type AbiName, abiOfToken } from '../syscalls/arch.ts';
import { nameOf, numberOf } from '../syscalls/lookup.ts';
import { multiplexed } from '../syscalls/multiplex.ts';
import { type Bound, looserThan } from './bound.ts';
import type { Reason } from './demand.ts';
import type { Alternatives } from './runtime-default.ts';
import { nativesOf, type Synthesis } from './synthesize.ts';
import { tighten } from './tighten.ts';

const ENOSYS_WORD = actionWord({ kind: 'ERRNO', data: ENOSYS });

/** A call that a base did not allow, or not with all arguments that are wanted. */
export interface Addition {
  readonly name: string;
  /** With which arguments it was added; none: with all. */
  readonly alternatives: Alternatives;
  readonly reasons: readonly Reason[];
}

/** A base with what recordings need beside it. */
export interface Extension {
  readonly kind: 'extended';
  /** The base's own text, with rules added at its end. */
  readonly text: string;
  readonly profile: Profile;
  readonly added: readonly Addition[];
  /** ABIs that were recorded and that the base does not cover: its architectures would let more pass than is wanted. */
  readonly uncovered: readonly AbiName[];
  /** clone3 was not added: the base answers ENOSYS, on which libraries take clone, and has conditions for that. */
  readonly takesClone: boolean;
  /** Proven: what passes is what passes under the base and what was added, and nothing else. */
  readonly exact: boolean;
}

type Faulty = { readonly kind: 'faulty'; readonly diagnostics: readonly Diagnostic[] };
type Meaning = Extract<TextMeaning, { readonly kind: 'meant' }>;

/**
 * Writes what recordings need into the text of a base. Conditions of the base stay, unless recorded arguments show that the
 * workload needs others: then these are added, in rules of their own.
 */
export function extendBase(
  base: ProfileText,
  synthesis: Synthesis,
  recordings: readonly Recording[],
): Extension | Faulty {
  const before = textMeaning(base);
  if (before.kind === 'faulty') return before;
  const all = additionsTo(before, synthesis, recordings);
  const takesClone = all.some(({ name }) => name === 'clone3') && fallsBackOnClone(before.policy, synthesis);
  const wanted = takesClone ? all.filter(({ name }) => name !== 'clone3') : all;
  const denied = deniedByRule(before.profile, base);
  // Rules with other actions for the same call cannot stand beside conditions; then the call passes whole.
  const careful = wanted.map((a) => (denied.has(a.name) ? { ...a, alternatives: [] } : a));
  const whole = wanted.map((a) => ({ ...a, alternatives: [] }));
  const uncovered = uncoveredBy(before.policy, recordings);
  const about = { kind: 'extended', uncovered, takesClone } as const;
  let nearest: Extension | undefined;
  for (const added of [careful, whole])
    for (const keepsAnswers of [true, false]) {
      const text = written(base, before, added, denied, keepsAnswers ? synthesis.newer : undefined);
      const after = textMeaning({ ...base, text });
      if (after.kind === 'faulty') continue;
      const exact = isUnion(before.policy, after.policy, added);
      const made = { ...about, text, profile: after.profile, added, exact };
      if (exact) return made;
      nearest ??= made;
    }
  return nearest ?? { kind: 'faulty', diagnostics: [] };
}

/** More calls would be a list that nobody reads, for the sake of an errno. */
const MOST_ANSWERS = 100;

/**
 * The base's text with what is added. The calls above those that it named got ENOSYS from the runtime; what is added may lie
 * higher, and then a rule keeps it for those between: where these are many, for the `newer` alone, for which libraries have
 * older ones.
 */
function written(
  base: ProfileText,
  before: Meaning,
  added: readonly Addition[],
  denied: ReadonlySet<string>,
  newer: readonly string[] | undefined,
): string {
  const document = new ProfileEditor(base);
  write(document, before, added, denied);
  const after = textMeaning({ ...base, text: document.text });
  if (newer === undefined || after.kind === 'faulty' || added.length === 0) return document.text;
  const names = new Set(added.map(({ name }) => name));
  const lost = diffPolicies(before.policy, after.policy).listed.filter(
    (d) => d.change === 'changed' && d.before.data === ENOSYS && d.name !== undefined && !names.has(d.name),
  );
  const calls = [...new Set(lost.map(({ name }) => name!))];
  if (calls.length > MOST_ANSWERS) {
    const kept = calls.filter((name) => newer.includes(name)).sort();
    if (kept.length > 0) document.addRule({ names: kept, action: 'SCMP_ACT_ERRNO', errnoRet: ENOSYS });
  } else {
    const asked = added.map(({ name }) => ({ kind: 'allow' as const, names: [name], conditions: [] }));
    keepEnosys(document, before.policy, after.policy, { calls: asked }, base);
  }
  return document.text;
}

/**
 * What was made of recordings, as it stands in a base: for each call that the base's rules allow, that is a reason. A bound is
 * held against the whole, of which the base may be looser itself, on machines of the recorded kind and those of its ABIs.
 */
export function onBase(
  synthesis: Synthesis,
  { profile, added }: Extension,
  within?: { readonly bound: Bound; readonly recordedOn: AbiName },
): Synthesis {
  const reasons = new Map(synthesis.reasons);
  for (const name of namesAllowed(profile))
    if (!reasons.has(name)) reasons.set(name, [{ kind: 'hand', why: 'the base allows it' }]);
  const sorted = new Map([...reasons].sort(([a], [b]) => (a < b ? -1 : 1)));
  const made = { ...synthesis, profile, reasons: sorted, newer: [] };
  if (!within || !synthesis.bounded) return made;
  const { bound, recordedOn } = within;
  const abis = profile.architectures.map(({ value }) => abiOfToken(value)!.name);
  const { restricted, leftOut } = synthesis.bounded;
  const looser = looserThan(profile, bound, nativesOf(recordedOn, abis));
  const passes = new Set(looser.map(({ name }) => name));
  const bounded = {
    bound: bound.name,
    restricted: restricted.filter((call) => added.some(({ name }) => name === call)),
    leftOut: leftOut.filter((what) => what.kind !== 'call' || !passes.has(what.name)),
    looser,
  };
  return { ...made, bounded };
}

/** clone3(2) has its flags in memory, so to allow it is to allow what conditions of clone deny. */
function fallsBackOnClone(policy: Policy, { reasons }: Synthesis): boolean {
  const { diagram: d, root, abis } = policy;
  const [{ name, auditArch }] = abis;
  const [hidden, open] = ['clone3', 'clone'].map((call) => {
    const nr = numberOf(name, call);
    return nr === undefined ? d.terminal(0) : restrict(d, root, auditArch, nr);
  });
  const byHand = reasons.get('clone3')?.some(({ kind }) => kind === 'hand') ?? false;
  return !byHand && hidden === d.terminal(ENOSYS_WORD) && !d.isTerminal(open);
}

/** The calls that rules of the base deny, rather than its default action. */
function deniedByRule(profile: Profile, { target }: ProfileText): Set<string> {
  const denying = resolveProfile(profile, target).rules.filter(
    ({ action }) => action.value !== 'ALLOW' && action.value !== 'LOG',
  );
  return new Set(denying.flatMap(({ names }) => names.map(({ value }) => value)));
}

function write(
  document: ProfileEditor,
  { profile }: Meaning,
  added: readonly Addition[],
  denied: ReadonlySet<string>,
): void {
  for (const { name } of added) if (denied.has(name)) document.removeCall(name);
  if (profile.defaultAction.value === 'ALLOW' || profile.defaultAction.value === 'LOG') return;
  const plain = added.filter(({ alternatives }) => alternatives.length === 0).map(({ name }) => name);
  if (plain.length > 0) document.addRule({ names: plain.sort(), action: 'SCMP_ACT_ALLOW' });
  for (const { name, alternatives } of added)
    for (const conditions of alternatives)
      document.addRule({ names: [name], action: 'SCMP_ACT_ALLOW', args: conditions.map(argument) });
}

function argument({ argument: index, operator, value, valueTwo }: Condition) {
  return {
    index,
    value,
    ...(operator === 'MASKED_EQ' && { valueTwo }),
    op: `SCMP_CMP_${operator}`,
  };
}

/** What is wanted and does not pass under the base. */
function additionsTo(
  { policy }: Meaning,
  { profile, reasons }: Synthesis,
  recordings: readonly Recording[],
): Addition[] {
  const observations = recordings.flatMap((r) => r.observations).filter((o) => o.count > 0);
  const seen = new Map(
    tighten(recordings, { minRuns: 1, mostValues: 16 }).map((call) => [call.name, call.alternatives]),
  );
  return [...reasons].flatMap(([name, why]): Addition[] => {
    const of = observations.filter(({ arch, nr }) => nameOf(arch, nr) === name);
    const where = abisOf(policy, of).filter((abi) => numberOf(abi.name, name) !== undefined);
    const alternatives = missing(
      policy,
      name,
      where,
      alternativesIn(profile, name),
      of,
      seen.get(name) ?? [],
    );
    return alternatives ? [{ name, alternatives, reasons: why }] : [];
  });
}

/** The ABIs of a base on which a call was made; without any, the machine's own. */
function abisOf({ abis }: Policy, observations: readonly Observation[]): readonly Abi[] {
  const made = new Set(observations.map(({ arch }) => arch));
  const used = abis.filter(({ name }) => made.has(name));
  return used.length > 0 ? used : abis.slice(0, 1);
}

/** With which arguments a call has to be added; none: with all. Undefined where it need not be. */
function missing(
  policy: Policy,
  name: string,
  abis: readonly Abi[],
  wanted: Alternatives,
  observations: readonly Observation[],
  seen: Alternatives,
): Alternatives | undefined {
  const { diagram: d } = policy;
  const sets = abis.map((abi) => ({ abi, set: passing(policy, abi, numberOf(abi.name, name)!) }));
  if (sets.every(({ abi, set }) => isSubset(d, union(d, wanted, abi.bits), set))) return undefined;
  if (sets.some(({ set }) => set === Diagram.FALSE)) return isPlain(wanted) ? [] : wanted;
  if (!isPlain(wanted))
    return wanted.filter((all) => sets.some(({ abi, set }) => !isSubset(d, union(d, [all], abi.bits), set)));
  const exceeds = observations.some(({ arch, args = [] }) =>
    sets.some(
      ({ abi, set }) =>
        abi.name === arch &&
        args.some(
          ({ values }) => d.and(set, conditionsDiagram(d, known(values), abi.bits)) === Diagram.FALSE,
        ),
    ),
  );
  return exceeds ? seen : undefined;
}

function known(values: readonly (string | null)[]): Condition[] {
  return values.flatMap((value, argument): Condition[] =>
    value === null
      ? []
      : [{ argument, operator: 'EQ', value: BigInt(value), valueTwo: 0n, span: { start: 0, end: 0 } }],
  );
}

/** Under which conditions a profile allows a call. */
function alternativesIn({ rules }: Profile, name: string): Alternatives {
  return rules
    .filter(({ action, names }) => action.value === 'ALLOW' && names.some(({ value }) => value === name))
    .map(({ conditions }) => conditions);
}

function isPlain(alternatives: Alternatives): boolean {
  return alternatives.length === 0 || alternatives.some((all) => all.length === 0);
}

function union(d: Diagram, alternatives: Alternatives, bits: 32 | 64): CallSet {
  if (isPlain(alternatives)) return Diagram.TRUE;
  return alternatives.reduce<CallSet>(
    (any, all) => d.or(any, conditionsDiagram(d, all, bits)),
    Diagram.FALSE,
  );
}

function passing({ diagram, root }: Policy, { auditArch }: Abi, nr: number): CallSet {
  return passingFrom(diagram, restrict(diagram, root, auditArch, nr));
}

function passingFrom(diagram: Diagram, root: CallSet): CallSet {
  return callsWhere(diagram, root, (word) => executes(actionOfWord(word).kind));
}

function uncoveredBy({ abis }: Policy, recordings: readonly Recording[]): AbiName[] {
  const covered = new Set(abis.map(({ name }) => name));
  const made = recordings.flatMap((r) =>
    r.observations.flatMap((o) => (o.count > 0 && o.phase !== 'runtime' ? [o.arch] : [])),
  );
  return [...new Set(made)].filter((arch) => !covered.has(arch));
}

/**
 * Whether what passes is exactly what passed before and what was added. Where a multiplexer makes a call, too, the base may have
 * a rule for that one, and runc's stub does not count the name: it may stand before the direct call, and may stand there no
 * longer.
 */
function isUnion(before: Policy, after: Policy, added: readonly Addition[]): boolean {
  const { diagram: d } = after;
  const old = passingFrom(d, adopt(d, before));
  let [expected, optional]: [CallSet, CallSet] = [old, Diagram.FALSE];
  for (const abi of after.abis)
    for (const { name, alternatives } of added)
      for (const way of waysTo(name, abi)) {
        const free = way.subcall === undefined ? alternatives : withoutFirst(alternatives);
        let set = union(d, free, abi.bits);
        if (way.subcall !== undefined)
          set = d.and(set, conditionsDiagram(d, [equalTo(way.subcall)], abi.bits));
        const calls = d.and(d.equals(ARCH, abi.auditArch), d.and(d.equals(NR, way.nr), set));
        expected = d.or(expected, calls);
        if (abi.multiplexed && multiplexed(name)) optional = d.or(optional, difference(d, calls, old));
      }
  const now = passingFrom(d, after.root);
  const unstubbed = passingFrom(d, adopt(d, withoutStub(before)));
  return isSubset(d, now, d.or(expected, unstubbed)) && isSubset(d, difference(d, expected, now), optional);
}

/** Directly, and through the multiplexer of an ABI that has one. */
function waysTo(name: string, abi: Abi): { readonly nr: number; readonly subcall?: number }[] {
  const nr = numberOf(abi.name, name);
  const sub = abi.multiplexed ? multiplexed(name) : undefined;
  const through = sub && numberOf(abi.name, sub.through);
  return [
    ...(nr === undefined ? [] : [{ nr }]),
    ...(sub && through !== undefined ? [{ nr: through, subcall: sub.subcall }] : []),
  ];
}

/** The sub-call's number takes the place of argument 0. */
function withoutFirst(alternatives: Alternatives): Alternatives {
  return alternatives.map((all) => all.filter(({ argument }) => argument !== 0));
}

function equalTo(value: number): Condition {
  return { argument: 0, operator: 'EQ', value: BigInt(value), valueTwo: 0n, span: { start: 0, end: 0 } };
}
