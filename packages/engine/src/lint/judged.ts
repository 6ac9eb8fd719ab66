import { explainCall, type PossibleVerdict, possibleVerdicts, type Verdict } from '../analysis/explain.ts';
import { type Action, actionOfWord, executes, freedomOf } from '../bpf/action.ts';
import type { Span } from '../diagnostics/span.ts';
import { type CallSet, callsWhere, isSubset, smallestCall } from '../diagram/call-set.ts';
import { Diagram, type NodeId } from '../diagram/diagram.ts';
import { argument as argumentField } from '../diagram/fields.ts';
import { restrict } from '../diagram/restrict.ts';
import type { Origin, Policy } from '../policy/policy.ts';
import { compareKernels, type Profile, parseKernel, type Rule } from '../profile/profile.ts';
import type { Fact } from '../runtime/fact.ts';
import type { Target } from '../runtime/target.ts';
import { type Abi, abiOfCall } from '../syscalls/arch.ts';
import { sinceOf } from '../syscalls/arguments.ts';
import { callsOf, numberOf } from '../syscalls/lookup.ts';
import type { Witness } from './finding.ts';

/** How many of a call's arguments let it pass, or leave it to a tracer or supervisor. */
export type Passing = 'always' | 'sometimes' | 'never';

/** The default of a runtime, and what it means on the same target. */
export interface Usual {
  /** Such as docker. */
  readonly name: string;
  readonly policy: Policy;
}

/** What decides a call by its arguments, those with which the kernel executes it, and those with which it is denied. */
interface JudgedCall {
  readonly decision: NodeId;
  readonly passing: CallSet;
  readonly denied: CallSet;
}

function judgedCall({ diagram, root }: Policy, { auditArch }: Abi, nr: number): JudgedCall {
  const decision = restrict(diagram, root, auditArch, nr);
  const where = (takes: (kind: Action['kind']) => boolean) =>
    callsWhere(diagram, decision, (word) => takes(actionOfWord(word).kind));
  return { decision, passing: where(executes), denied: where((kind) => freedomOf(kind) === 0) };
}

/** What some call gets, and one that does. */
export interface Answer {
  readonly verdict: Verdict;
  readonly witness: Witness;
}

function answersOf({ diagram, reasons, origins, words }: Policy): Answer[] {
  return [...diagram.witnesses(reasons)].flatMap(([index, call]) => {
    const abi = abiOfCall(call.arch, call.nr);
    const { kind, data } = actionOfWord(words[index]);
    const verdict = { action: kind, data, origin: origins[index] };
    return abi ? [{ verdict, witness: { arch: abi.name, nr: call.nr, args: call.args } }] : [];
  });
}

/** A profile with what it means on a target: all that a rule of lint looks at. */
export class Judged {
  readonly profile: Profile;
  readonly target: Target;
  readonly policy: Policy;
  readonly facts: readonly Fact[];
  /** What a container gets whose profile nobody names. */
  readonly usual: Usual | undefined;
  /** What rules have asked for, which others ask for again. */
  private readonly calls = new Map<string, JudgedCall>();
  private allAnswers: readonly Answer[] | undefined;
  private readonly verdictsOf = new Map<string, readonly PossibleVerdict[]>();

  constructor(profile: Profile, target: Target, policy: Policy, facts: readonly Fact[], usual?: Usual) {
    this.profile = profile;
    this.target = target;
    this.policy = policy;
    this.facts = facts;
    this.usual = usual;
  }

  /** What is known of a call; undefined where the ABI has no such call. */
  private of(abi: Abi, name: string): JudgedCall | undefined {
    const nr = numberOf(abi.name, name);
    if (nr === undefined) return undefined;
    const key = `${abi.name} ${name}`;
    const known = this.calls.get(key) ?? judgedCall(this.policy, abi, nr);
    this.calls.set(key, known);
    return known;
  }

  /** The ABI of ordinary programs. */
  get native(): Abi {
    return this.policy.abis[0];
  }

  /** What the default action does, wherever the runtime's stub does not answer. */
  get byDefault(): Action {
    const { origins, words } = this.policy;
    return actionOfWord(words[origins.findIndex(({ because }) => because === 'default')]);
  }

  /** What decides a call by its arguments alone; undefined where the ABI has no such call. */
  decision(abi: Abi, name: string): NodeId | undefined {
    return this.of(abi, name)?.decision;
  }

  /** The arguments with which the kernel executes a call; undefined where the ABI has no such call. */
  passing(abi: Abi, name: string): CallSet | undefined {
    return this.of(abi, name)?.passing;
  }

  /** The arguments with which a call is denied, and nobody is asked; undefined where the ABI has no such call. */
  denied(abi: Abi, name: string): CallSet | undefined {
    return this.of(abi, name)?.denied;
  }

  /** Whether the kernel executes a call; never where it is denied in any case, or the ABI has none. */
  passes(abi: Abi, name: string): Passing {
    if ((this.denied(abi, name) ?? Diagram.TRUE) === Diagram.TRUE) return 'never';
    return this.passing(abi, name) === Diagram.TRUE ? 'always' : 'sometimes';
  }

  /** Whether a call that the ABI has can never be made, and whoever makes it is told so: errno 0 tells him that it was. */
  fails(abi: Abi, name: string): boolean {
    if (this.denied(abi, name) !== Diagram.TRUE) return false;
    return this.verdicts(abi, name).every(
      ({ verdict: { action, data } }) => action !== 'ERRNO' || data !== 0,
    );
  }

  /** Whether a rule of the profile decides some calls of a name on an ABI; never where that has no such call. */
  isDecidedBy({ index }: Rule, abi: Abi, name: string): boolean {
    if (this.decision(abi, name) === undefined) return false;
    return this.verdicts(abi, name).some(
      ({ verdict: { origin } }) => origin.because === 'rule' && origin.rule.index === index,
    );
  }

  /** Whether rules deny a call, whatever its arguments; the default denies what nobody thought of, too. */
  isDeniedByRules(abi: Abi, name: string): boolean {
    return (
      this.denied(abi, name) === Diagram.TRUE &&
      this.verdicts(abi, name).every(({ verdict }) => verdict.origin.because === 'rule')
    );
  }

  /** The arguments with which a call passes and one argument has these bits; none where the ABI has no such call. */
  passingWith(abi: Abi, name: string, argument: number, mask: bigint, value: bigint): CallSet {
    const { diagram } = this.policy;
    const having = diagram.maskedEquals(argumentField(argument), mask, value);
    return diagram.and(this.passing(abi, name) ?? Diagram.FALSE, having);
  }

  /** Whether a call is denied, whatever its other arguments are, when one has these bits. */
  isDeniedWith(abi: Abi, name: string, argument: number, mask: bigint, value: bigint): boolean {
    const { diagram } = this.policy;
    const having = diagram.maskedEquals(argumentField(argument), mask, value);
    return isSubset(diagram, having, this.denied(abi, name) ?? Diagram.FALSE);
  }

  /** Whether the kernel that is meant has a call; true where it is not known since when. */
  isInKernel(name: string): boolean {
    const since = sinceOf(name);
    const first = since === undefined ? undefined : parseKernel(since);
    return first === undefined || compareKernels(first, this.target.kernel) <= 0;
  }

  /** What one call gets. The ABI must have it. */
  verdict(abi: Abi, name: string, args: readonly bigint[]): Verdict {
    return explainCall(this.policy, { arch: abi.auditArch, nr: numberOf(abi.name, name)!, args });
  }

  /** All that a call may get; the ABI must have it. */
  verdicts(abi: Abi, name: string): readonly PossibleVerdict[] {
    const key = `${abi.name} ${name}`;
    const known = this.verdictsOf.get(key);
    if (known) return known;
    const verdicts = possibleVerdicts(this.policy, abi, numberOf(abi.name, name)!);
    this.verdictsOf.set(key, verdicts);
    return verdicts;
  }

  /** Everything that any call gets on the ABIs that the profile covers, each with a call that gets it. */
  answers(): readonly Answer[] {
    this.allAnswers ??= answersOf(this.policy);
    return this.allAnswers;
  }

  /** The smallest arguments of a set that is not empty, as a call. */
  witness(abi: Abi, name: string, set: CallSet = Diagram.TRUE): Witness {
    const { args } = smallestCall(this.policy.diagram, set)!;
    return { arch: abi.name, nr: numberOf(abi.name, name)!, args };
  }

  /** A call that passes; undefined where none does. */
  passingWitness(abi: Abi, name: string): Witness | undefined {
    const passing = this.passing(abi, name)!;
    return passing === Diagram.FALSE ? undefined : this.witness(abi, name, passing);
  }

  /** A call that no table has and no rule can name, and what it gets. */
  get unnamed(): { readonly verdict: Verdict; readonly witness: Witness } {
    const { name: arch, auditArch } = this.native;
    const nr = callsOf(arch).at(-1)![1] + 1;
    const verdict = explainCall(this.policy, { arch: auditArch, nr, args: [] });
    return { verdict, witness: { arch, nr, args: [] } };
  }

  /** Where the profile says what a call gets: its name in a rule, or the default action. */
  placeOf(origin: Origin): Span {
    return origin.because === 'rule' ? origin.span : this.profile.defaultAction.span;
  }
}
