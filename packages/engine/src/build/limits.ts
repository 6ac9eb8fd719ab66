import { actionWord } from '../bpf/action.ts';
import { NOWHERE } from '../diagnostics/span.ts';
import { isSubset } from '../diagram/call-set.ts';
import { Diagram, DiagramTooLarge, type NodeId } from '../diagram/diagram.ts';
import { ArgumentRules } from '../lift/argument-rules.ts';
import { conditionsDiagram } from '../policy/condition.ts';
import type { Condition } from '../profile/profile.ts';
import type { Observation } from '../recording/recording.ts';
import type { AbiName } from '../syscalls/arch.ts';
import { callsOf, numberOf } from '../syscalls/lookup.ts';
import { type Bound, type BoundAbi, boundAbis } from './bound.ts';
import { type Alternatives, type Restrictions, restrictedOn } from './runtime-default.ts';

/** What a bound leaves of a call on all ABIs together. */
export type Limit =
  | { readonly kind: 'free' }
  | { readonly kind: 'denied' }
  | { readonly kind: 'conditions'; readonly alternatives: Alternatives };

const ALLOW = actionWord({ kind: 'ALLOW', data: 0 });
const DENY = actionWord({ kind: 'ERRNO', data: 1 });
/** What may be spent on one call. */
const MAX_NODES = 1 << 18;
const MAX_STEPS = 1 << 20;

/** How far a bound lets each call go, found by the algebra of the two filters' own diagrams. */
export class Limits {
  private readonly d = new Diagram();
  private readonly abis: readonly BoundAbi[];
  private readonly rules = new ArgumentRules(this.d, false);
  private readonly written: readonly Restrictions[];
  private readonly known = new Map<string, Limit>();

  constructor(bound: Bound, natives: readonly AbiName[], abis: readonly AbiName[]) {
    this.abis = boundAbis(bound, natives, abis, this.d);
    const { profile, target } = bound;
    this.written = profile ? natives.map((native) => restrictedOn(profile, { ...target, native })) : [];
  }

  /** Whether the bound lets any call of an ABI pass. */
  covers(name: AbiName): boolean {
    return this.abis
      .filter(({ abi }) => abi.name === name)
      .every(({ passing }) => callsOf(name).some(([, nr]) => passing(nr) !== Diagram.FALSE));
  }

  of(name: string): Limit {
    const limit = this.known.get(name) ?? this.bounded(() => this.find(name)) ?? { kind: 'denied' };
    this.known.set(name, limit);
    return limit;
  }

  /** Conditions that a call has for another reason, as far as the bound goes; those of the bound where no rules say both. */
  narrowed(name: string, alternatives: Alternatives): Alternatives {
    const limit = this.of(name);
    if (limit.kind !== 'conditions' || alternatives.length === 0) return alternatives;
    const both = this.bounded(() => {
      const sets = this.setsOf(name);
      if (this.fits(alternatives, sets)) return alternatives;
      const { d } = this;
      return this.rulesFor(
        sets.map(({ bits, set }) => ({ bits, set: d.and(set, this.union(alternatives, bits)) })),
      );
    });
    return both ?? limit.alternatives;
  }

  /** Whether a call with these arguments, as far as they are known, may pass. */
  admits({ arch, nr }: Observation, values: readonly (string | null)[]): boolean {
    const known = values.flatMap((value, argument): Condition[] =>
      value === null ? [] : [{ argument, operator: 'EQ', value: BigInt(value), valueTwo: 0n, span: NOWHERE }],
    );
    const admitted = this.bounded(() =>
      this.abis
        .filter(({ abi }) => abi.name === arch)
        .every(
          ({ abi, passing }) =>
            this.d.and(passing(nr), conditionsDiagram(this.d, known, abi.bits)) !== Diagram.FALSE,
        ),
    );
    return admitted ?? true;
  }

  private find(name: string): Limit {
    const sets = this.setsOf(name);
    if (sets.every(({ set }) => set === Diagram.TRUE)) return { kind: 'free' };
    if (sets.some(({ set }) => set === Diagram.FALSE)) return { kind: 'denied' };
    const alternatives = this.asWritten(name, sets) ?? this.rulesFor(sets);
    return alternatives ? { kind: 'conditions', alternatives } : { kind: 'denied' };
  }

  /** As the bound's own text has it, where that says no more than it means. */
  private asWritten(name: string, sets: readonly PassingSet[]): Alternatives | undefined {
    return this.written.flatMap((on) => on.get(name) ?? []).length === 0
      ? undefined
      : this.written
          .map((on) => on.get(name) ?? [])
          .find((alternatives) => alternatives.length > 0 && this.fits(alternatives, sets));
  }

  private setsOf(name: string): PassingSet[] {
    return this.abis.flatMap(({ abi, passing }) => {
      const nr = numberOf(abi.name, name);
      return nr === undefined ? [] : [{ bits: abi.bits, set: passing(nr) }];
    });
  }

  /** Rules for the calls that may pass on every one of the ABIs. */
  private rulesFor(sets: readonly PassingSet[]): Alternatives | undefined {
    const { d } = this;
    const decisions = sets.map(({ bits, set }) => ({
      bits,
      node: d.choose(set, d.terminal(ALLOW), d.terminal(DENY)),
    }));
    const rules = this.rules.of(decisions, DENY).filter(({ word }) => word === ALLOW);
    const alternatives = rules.map(({ conditions }) => conditions);
    return alternatives.length > 0 && this.fits(alternatives, sets) ? alternatives : undefined;
  }

  private fits(alternatives: Alternatives, sets: readonly PassingSet[]): boolean {
    // Two conditions on one argument are read as either of them.
    const isPlain = alternatives.every((all) => new Set(all.map((c) => c.argument)).size === all.length);
    return isPlain && sets.every(({ bits, set }) => isSubset(this.d, this.union(alternatives, bits), set));
  }

  private union(alternatives: Alternatives, bits: 32 | 64): NodeId {
    const { d } = this;
    return alternatives.reduce<NodeId>(
      (any, all) => d.or(any, conditionsDiagram(d, all, bits)),
      Diagram.FALSE,
    );
  }

  private bounded<T>(work: () => T): T | undefined {
    try {
      return this.d.within(MAX_NODES, MAX_STEPS, work);
    } catch (fault) {
      if (!(fault instanceof DiagramTooLarge)) throw fault;
      return undefined;
    }
  }
}

/** What may pass of a call on one ABI, and how many bits of an argument are compared there. */
interface PassingSet {
  readonly bits: 32 | 64;
  readonly set: NodeId;
}
