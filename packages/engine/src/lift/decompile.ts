import { actionOfWord, actionWord } from '../bpf/action.ts';
import { NOWHERE, type Spanned } from '../diagnostics/span.ts';
import { countCalls } from '../diagram/call-set.ts';
import type { Decision } from '../diagram/decision.ts';
import { Diagram, type NodeId } from '../diagram/diagram.ts';
import { argument, half, NR } from '../diagram/fields.ts';
import { restrict, restrictArch } from '../diagram/restrict.ts';
import { valueRanges } from '../diagram/value-set.ts';
import { decisionsOf } from '../policy/lower.ts';
import type { Policy } from '../policy/policy.ts';
import type { ActionName, Profile, Rule } from '../profile/profile.ts';
import { ENOSYS, hasStub } from '../runtime/enosys-stub.ts';
import type { RuntimeName, Target } from '../runtime/target.ts';
import { type Abi, X32_BIT } from '../syscalls/arch.ts';
import { callsOf, nameOf, numberOf } from '../syscalls/lookup.ts';
import { multiplexed } from '../syscalls/multiplex.ts';
import { ArgumentRules, isFreer } from './argument-rules.ts';
import type { Conjunction } from './conjunctions.ts';

/** A profile in OCI form made from a policy. */
export interface Decompiled {
  readonly profile: Profile;
  /** The runtime for which it means `decision`. */
  readonly runtime: RuntimeName;
  readonly decision: Decision;
  /** Whether that decides every call as the policy that was given. */
  readonly exact: boolean;
  /** Whether it leaves any call freer than that policy, such as one that it denied. */
  readonly loosens: boolean;
}

export interface DecompileOptions {
  /** Whether the nearest profile is wanted even if it is looser than another. Without it: no. */
  readonly mayLoosen?: boolean;
}

/**
 * The profile whose meaning is a policy: first as runc reads it, with its ENOSYS stub, then as crun does. Where no OCI
 * profile says the same, the one that loosens nothing and differs for the fewest calls; only where each loosens something,
 * or where that may be, the nearest. Undefined when every one that comes near is too large to have a meaning.
 * @example
 * ```js
 * import { decompilePolicy, lowerProfile, parseProfile } from '@callgate/engine';
 * const target = { native: 'x86_64', kernel: { major: 6, minor: 12 }, capabilities: [] };
 * const { value: policy } = lowerProfile(parseProfile('{"defaultAction": "SCMP_ACT_LOG"}').value, target);
 * const { profile, exact } = decompilePolicy(policy);
 * exact; // → true
 * profile.defaultAction.value; // → 'LOG'
 * ```
 */
export function decompilePolicy(
  policy: Policy,
  { mayLoosen = false }: DecompileOptions = {},
): Decompiled | undefined {
  let best: { readonly made: Candidate; readonly distance: Distance } | undefined;
  for (const made of candidates(policy, mayLoosen)) {
    if (made.root === policy.root) return decompiled(policy, made);
    const distance = distanceOf(policy, made, mayLoosen);
    if (!best || isNearer(distance, best.distance)) best = { made, distance };
  }
  return best && decompiled(policy, best.made);
}

/** A profile that may say what the policy says, and what it decides. */
interface Candidate {
  readonly profile: Profile;
  readonly runtime: RuntimeName;
  readonly root: NodeId;
}

function decompiled(policy: Policy, { profile, runtime, root }: Candidate): Decompiled {
  const decision = { diagram: policy.diagram, root };
  return { profile, runtime, decision, exact: root === policy.root, loosens: loosens(policy, root) };
}

function* candidates(policy: Policy, mayLoosen: boolean): Generator<Candidate> {
  const rules = new ArgumentRules(policy.diagram, mayLoosen);
  const ways = policy.abis.some((abi) => abi.multiplexed) ? [false, true] : [false];
  for (const runtime of ['runc', 'crun'] as const)
    for (const byDefault of defaultWords(policy)) {
      // Without the stub of runc both read the same.
      if (runtime === 'crun' && !hasStub(actionOfWord(byDefault).kind)) continue;
      for (const multiplexers of ways) {
        const profile = new Writer(policy, runtime, byDefault, multiplexers, rules).profile();
        const target: Target = {
          native: policy.abis[0].name,
          kernel: { major: 0, minor: 0 },
          capabilities: [],
          runtime: { name: runtime },
        };
        const root = decisionsOf(profile, target, policy.diagram);
        if (root !== undefined) yield { profile, runtime, root };
      }
    }
}

function loosens({ diagram, root }: Policy, other: NodeId): boolean {
  const freer = diagram.combine(root, other, (before, after) => (isFreer(after, before) ? 1 : 0));
  return freer !== Diagram.FALSE;
}

/** How far a profile is from what is wanted, the weightiest first. */
type Distance = readonly [loosened: bigint, named: bigint, calls: bigint];

function isNearer(a: Distance, b: Distance): boolean {
  const at = a.findIndex((part, i) => part !== b[i]);
  return at >= 0 && a[at] < b[at];
}

/** Whether it loosens, unless that may be; the calls of the tables that it decides otherwise; all calls that it does. */
function distanceOf(policy: Policy, { root: other }: Candidate, mayLoosen: boolean): Distance {
  const { diagram, root, abis } = policy;
  const differs = diagram.combine(root, other, (before, after) => (before === after ? 0 : 1));
  const named = abis.flatMap((abi) =>
    callsOf(abi.name).filter(([, nr]) => restrict(diagram, differs, abi.auditArch, nr) !== Diagram.FALSE),
  );
  return [!mayLoosen && loosens(policy, other) ? 1n : 0n, BigInt(named.length), countCalls(diagram, differs)];
}

/** What may be the default action: what numbers without a name get, between the names and far above them. */
function defaultWords({ diagram, root, abis }: Policy): number[] {
  const words = new Map<number, number>();
  const count = (node: NodeId, weight: number) => {
    const share = diagram.isTerminal(node) ? weight : weight * DEPENDS;
    for (const word of diagram.wordsOf(node)) words.set(word, (words.get(word) ?? 0) + share);
  };
  for (const abi of abis) {
    const numbers = callsOf(abi.name).map(([, nr]) => nr);
    const known = new Set(numbers);
    for (let nr = numbers[0]; nr < numbers[numbers.length - 1]; nr++)
      if (!known.has(nr)) count(restrict(diagram, root, abi.auditArch, nr), 1);
    count(restrict(diagram, root, abi.auditArch, (numbers[0] & X32_BIT) + 0x3fff_0000), 0.5);
    for (const nr of numbers) count(restrict(diagram, root, abi.auditArch, nr), 0.001);
  }
  const likely = [...words]
    .sort((a, b) => b[1] - a[1])
    .map(([word]) => word)
    .filter(mayBeDefault)
    .slice(0, MOST_DEFAULTS);
  return [...new Set([...likely, ...FALLBACKS])];
}

/** What comes behind these is the answer to a few names alone. */
const MOST_DEFAULTS = 2;
/** What a number counts whose answer depends on more. */
const DEPENDS = 0.001;
const LARGEST_ERRNO = 4094;
const ENOSYS_WORD = actionWord({ kind: 'ERRNO', data: ENOSYS });
/** When nothing that the filter answers can be a default action. */
const FALLBACKS = [actionWord({ kind: 'ERRNO', data: 1 })];

/** What libseccomp and runtimes take: an errno below 4095, and no NOTIFY for everything. */
function mayBeDefault(word: number): boolean {
  return isExpressible(word) && actionOfWord(word).kind !== 'NOTIFY';
}

function isExpressible(word: number): boolean {
  return expressible(word) === word;
}

/** The word that a rule can have: libseccomp takes errnos below 4095, and TRAP without data. */
function expressible(word: number): number {
  const { kind, data } = actionOfWord(word);
  if (kind === 'TRAP') return actionWord({ kind, data: 0 });
  return kind === 'ERRNO' ? actionWord({ kind, data: Math.min(data, LARGEST_ERRNO) }) : word;
}

/** The rules for one name: unconditional, or for some arguments. */
interface NamedRule {
  readonly name: string;
  readonly word: number;
  readonly conditions: Conjunction;
}

class Writer {
  private readonly policy: Policy;
  private readonly d: Diagram;
  private readonly runtime: RuntimeName;
  private readonly byDefault: number;
  /** Whether socketcall and ipc get rules of their own, besides those of the calls that go through them. */
  private readonly multiplexers: boolean;
  private readonly argumentRules: ArgumentRules;

  constructor(
    policy: Policy,
    runtime: RuntimeName,
    byDefault: number,
    multiplexers: boolean,
    argumentRules: ArgumentRules,
  ) {
    this.policy = policy;
    this.d = policy.diagram;
    this.runtime = runtime;
    this.byDefault = byDefault;
    this.multiplexers = multiplexers;
    this.argumentRules = argumentRules;
  }

  profile(): Profile {
    const { abis } = this.policy;
    const stubbed = this.runtime === 'runc' && hasStub(actionOfWord(this.byDefault).kind);
    const horizons = new Map(abis.map((abi) => [abi, stubbed ? this.horizon(abi) : Infinity]));
    const named = this.names().flatMap((name) => this.rulesFor(name, horizons));
    const rules = group(named);
    const anchors = stubbed ? this.anchors(horizons, new Set(named.map((r) => r.name))) : [];
    if (anchors.length > 0) rules.push({ names: anchors, word: this.byDefault, conditions: [] });
    const notifies = rules.some((r) => actionOfWord(r.word).kind === 'NOTIFY');
    return {
      form: 'oci',
      defaultAction: spanned<ActionName>(actionOfWord(this.byDefault).kind),
      ...errnoPart('defaultErrnoRet', this.byDefault),
      architectures: abis.map((abi) => spanned(abi.token as string)),
      archMap: [],
      flags: [],
      hasFlags: false,
      // Runtimes want the socket of a supervisor, which no filter tells.
      ...(notifies && { listenerPath: spanned('/run/seccomp-agent.sock') }),
      rules: rules.map(ruleOf),
    };
  }

  /** Every name that some ABI has, in the order of the first ABI's numbers. */
  private names(): string[] {
    const names = new Set(this.policy.abis.flatMap((abi) => callsOf(abi.name).map(([name]) => name)));
    if (this.policy.abis.some((abi) => abi.multiplexed))
      for (const name of ['send', 'recv', 'accept', 'semop', 'semtimedop']) names.add(name);
    return [...names];
  }

  /** The rules of a name, from the first ABI that has it; whether the others agree, the proof tells. */
  private rulesFor(name: string, horizons: ReadonlyMap<Abi, number>): NamedRule[] {
    const { d } = this;
    const { abis } = this.policy;
    const having = abis.filter((a) => numberOf(a.name, name) !== undefined);
    // Numbers above the horizon get their ENOSYS from the stub, and a rule would move the horizon.
    const abi = having.find((a) => numberOf(a.name, name)! <= horizons.get(a)!);
    if (!abi && having.length > 0) return [];
    const node = abi ? this.decision(abi, numberOf(abi.name, name)!) : this.throughMultiplexer(name);
    if (node === undefined) return [];
    if (d.isTerminal(node))
      return d.word(node) === this.byDefault
        ? []
        : [{ name, word: expressible(d.word(node)), conditions: [] }];
    if ((name === 'socketcall' || name === 'ipc') && !this.multiplexers) return [];
    const decisions = abi
      ? having.map((a) => ({ bits: a.bits, node: this.decision(a, numberOf(a.name, name)!) }))
      : [{ bits: 32 as const, node }];
    const rules = this.argumentRules.of(decisions, this.byDefault);
    return rules.map((rule) => ({ name, ...rule, word: expressible(rule.word) }));
  }

  /** What a call that some ABI has behind socketcall or ipc alone gets there. */
  private throughMultiplexer(name: string): NodeId | undefined {
    const { d } = this;
    const sub = multiplexed(name);
    const abi = this.policy.abis.find((a) => a.multiplexed);
    const nr = sub && abi && numberOf(abi.name, sub.through);
    if (nr === undefined) return undefined;
    const first = abi!.bits === 64 ? argument(0) : half(argument(0), 'low');
    let node = this.decision(abi!, nr);
    while (!d.isTerminal(node) && d.variable(node) < first.first + first.bits) {
      const bit = first.first + first.bits - 1 - d.variable(node);
      const one = bit < 32 && ((sub!.subcall >>> bit) & 1) === 1;
      node = one ? d.high(node) : d.low(node);
    }
    return node;
  }

  private decision(abi: Abi, nr: number): NodeId {
    return restrict(this.d, this.policy.root, abi.auditArch, nr);
  }

  /** The last number before all higher ones answer ENOSYS, as runc's stub has it; Infinity when they do not. */
  private horizon(abi: Abi): number {
    const { d } = this;
    const node = restrictArch(d, this.policy.root, abi.auditArch);
    const limit = abi.name === 'x86_64' ? X32_BIT - 1 : abi.name === 'x32' ? 2 * X32_BIT - 1 : 2 ** 32 - 1;
    const last = valueRanges(d, node, NR, 100_000)?.find(
      (r) => r.low <= BigInt(limit) && r.high >= BigInt(limit),
    );
    const answersEnosys = last && d.isTerminal(last.exit) && d.word(last.exit) === ENOSYS_WORD;
    return answersEnosys ? Number(last.low) - 1 : Infinity;
  }

  /** Names at the horizons that no rule has: a rule with the default action decides nothing but counts for the stub. */
  private anchors(horizons: ReadonlyMap<Abi, number>, named: ReadonlySet<string>): string[] {
    return [...horizons].flatMap(([abi, horizon]) => {
      const name = horizon === Infinity ? undefined : nameOf(abi.name, horizon);
      return name === undefined || named.has(name) ? [] : [name];
    });
  }
}

interface GroupedRule {
  readonly names: string[];
  readonly word: number;
  readonly conditions: Conjunction;
}

/** One rule for all names with the same action and conditions; those without conditions first. */
function group(named: readonly NamedRule[]): GroupedRule[] {
  const groups = new Map<string, GroupedRule>();
  for (const { name, word, conditions } of named) {
    const key = `${conditions.length} ${word} ${conditions.map((c) => `${c.argument}${c.operator}${c.value}/${c.valueTwo}`).join()}`;
    const found = groups.get(key);
    if (found) found.names.push(name);
    else groups.set(key, { names: [name], word, conditions });
  }
  return [...groups.values()]
    .map((g) => ({ ...g, names: g.names.sort() }))
    .sort((a, b) => Math.min(1, a.conditions.length) - Math.min(1, b.conditions.length));
}

function ruleOf({ names, word, conditions }: GroupedRule, index: number): Rule {
  return {
    index,
    names: names.map(spanned),
    action: spanned<ActionName>(actionOfWord(word).kind),
    ...errnoPart('errnoRet', word),
    conditions,
    span: NOWHERE,
  };
}

function errnoPart<K extends string>(key: K, word: number): { [k in K]?: Spanned<number> } {
  const { kind, data } = actionOfWord(word);
  const part: { [k in K]?: Spanned<number> } = {};
  if (kind === 'ERRNO' || kind === 'TRACE') part[key] = spanned(data);
  return part;
}

function spanned<T>(value: T): Spanned<T> {
  return { value, span: NOWHERE };
}
