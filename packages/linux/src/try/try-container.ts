import { allowedCalls } from '@callgate/engine/internal/analysis/allowed-calls';
import { filterLength } from '@callgate/engine/internal/analysis/cost';
import { type Difference, diffPolicies } from '@callgate/engine/internal/analysis/diff';
import type { Program } from '@callgate/engine/internal/bpf/instruction';
import type { FloorChoice } from '@callgate/engine/internal/build/floors';
import { withOrdinarySockets } from '@callgate/engine/internal/build/ordinary-sockets';
import type { RuntimeDefault } from '@callgate/engine/internal/build/runtime-default';
import { type Synthesis, synthesize } from '@callgate/engine/internal/build/synthesize';
import {
  defaultOn,
  missingCalls,
  shadowOf,
  type Tightened,
  tightenedBy,
  withMissing,
} from '@callgate/engine/internal/build/trial-profiles';
import { liftPolicy } from '@callgate/engine/internal/lift/lift-policy';
import { lowerProfile } from '@callgate/engine/internal/policy/lower';
import type { Policy } from '@callgate/engine/internal/policy/policy';
import { withoutNames } from '@callgate/engine/internal/profile/allowed-calls';
import type { Profile } from '@callgate/engine/internal/profile/profile';
import { stringifyProfile } from '@callgate/engine/internal/profile/stringify';
import type { Observation, Recording } from '@callgate/engine/internal/recording/recording';
import type { Target } from '@callgate/engine/internal/runtime/target';
import type { ContainerHost, ContainerPlan, SeccompChoice } from '../container/container-host.ts';
import { type ObservedRun, observeRun, type RunChecks } from './observed-run.ts';

/** What is to be tried. */
export interface TryPlan {
  readonly host: ContainerHost;
  readonly container: Omit<ContainerPlan, 'seccomp'>;
  readonly checks: RunChecks;
  /** The engine's own filter, which bounds what is built. */
  readonly bound: RuntimeDefault;
  /**
   * The default of its newest release: its conditions come into the profile, too, and sockets are those of the usual families, as
   * long as the container does not need more.
   */
  readonly newest?: Profile;
  readonly floor: FloorChoice;
  readonly target: Target;
  /** Recorded without a filter, and allowed what the engine's default does not. */
  readonly looser: boolean;
  /** So often a profile is tried, each time with what the last one lacked. */
  readonly rounds: number;
  readonly stop: AbortSignal;
}

/** The kinds of runs: under the engine's default (or none), under the profile's shadow, under the profile. */
export type TryKind = 'record' | 'shadow' | 'enforced';

/** One run, and what the profile was found to lack by it. */
export interface TryStep {
  readonly kind: TryKind;
  readonly run: ObservedRun;
  /** Calls that were added because of it; none of the first, which all are. */
  readonly added: readonly Observation[];
  /** Why the run is not what it is to be; undefined when it is. */
  readonly wrong?: string;
}

/** How the profile compares with what the engine loads by itself. */
export interface Comparison {
  /** Calls of the machine's own ABI that may pass. */
  readonly calls: { readonly bound: number; readonly own: number };
  /** Instructions of the two filters. */
  readonly instructions: { readonly bound: number; readonly own: number };
  /** read: these are the filters that the kernel held; compiled: what callgate makes of the two profiles. */
  readonly from: 'read' | 'compiled';
  /** What the profile lets pass and the default does not; empty is a proof. */
  readonly looser: readonly Difference[];
}

export interface TryResult {
  readonly steps: readonly TryStep[];
  /** Undefined when nothing could be built. */
  readonly profile?: Profile;
  readonly synthesis?: Synthesis;
  readonly comparison?: Comparison;
  /** Calls that were made and are left out because the default denies them. */
  readonly leftOut: readonly string[];
  /** Why the profile does not do; undefined when it does. */
  readonly failed?: string;
}

/** Records a container, builds its profile and tries that, until nothing is missing and the checks pass. */
export async function tryContainer(plan: TryPlan, hooks: TryHooks = {}): Promise<TryResult> {
  return new Trial(plan, hooks).result();
}

/** For those who want to hear how far it is. */
export interface TryHooks {
  begins?(kind: TryKind): void;
  ended?(step: TryStep): void;
}

class Trial {
  private readonly plan: TryPlan;
  private readonly hooks: TryHooks;
  private readonly bound: RuntimeDefault;
  /** What is built from, as long as nothing shows that the container needs what this denies. */
  private tightened: Tightened | undefined;
  private readonly wider: Policy;
  private readonly steps: TryStep[] = [];

  constructor(plan: TryPlan, hooks: TryHooks) {
    this.plan = plan;
    this.hooks = hooks;
    this.bound = defaultOn(plan.bound, plan.target);
    if (plan.newest && !plan.looser) {
      const { profile } = defaultOn({ name: plan.bound.name, profile: plan.newest }, plan.target);
      this.tightened = tightenedBy(this.bound, profile, plan.target);
    }
    this.wider = plan.looser ? this.meaning(ALLOWS_ALL) : this.meaning(this.bound.profile);
  }

  async result(): Promise<TryResult> {
    const first = await this.run('record', this.plan.looser ? { kind: 'unconfined' } : { kind: 'default' });
    const wrong =
      first.refused ?? first.failed ?? (first.recording ? undefined : 'its calls could not be seen');
    this.tell({ kind: 'record', run: first, added: [], wrong });
    if (wrong !== undefined || !first.recording)
      return { steps: this.steps, leftOut: [], failed: `it does not work without the profile: ${wrong}` };
    const recordings: [Recording, ...Recording[]] = [first.recording];
    let built = this.build(recordings);
    let kind: TryKind = 'shadow';
    for (let round = 0; round < this.plan.rounds; ) {
      const run = await this.run(kind, this.choice(kind, built.profile));
      const missing = run.recording
        ? [
            ...missingCalls(run.recording, built.policy, this.wider),
            ...(kind === 'enforced' ? this.beyondTightened(run.recording, first.recording) : []),
          ]
        : [];
      const wrong = this.unlike(first, run);
      this.tell({ kind, run, added: missing, wrong });
      if (run.recording) recordings.push(withMissing(run.recording, missing));
      if (!run.recording) return this.failure(built, wrong ?? 'its calls could not be seen');
      if (missing.length > 0) {
        built = this.build(recordings);
        round++;
      } else if (kind === 'shadow') {
        if (wrong !== undefined)
          return this.failure(built, `under its shadow, which denies nothing more, ${wrong}`);
        kind = 'enforced';
      } else if (wrong === undefined) {
        const comparison = this.comparison(built, first, run);
        const looser = comparison.looser.length > 0 && !this.plan.looser;
        return {
          ...this.failure(built, undefined),
          comparison,
          ...(looser && { failed: 'it lets pass what the default of the engine does not' }),
        };
      } else
        return this.failure(built, `${wrong}, though the profile denied nothing that the default allows`);
    }
    return this.failure(built, `after ${this.plan.rounds} rounds it still lacks calls; more: --rounds`);
  }

  /** Calls that only what was tightened denied, more often than the default did: nothing is tightened then. */
  private beyondTightened({ observations }: Recording, { observations: before }: Recording): Observation[] {
    const { tightened } = this;
    const deniedBefore = (o: Observation) =>
      before.find(({ arch, nr }) => arch === o.arch && nr === o.nr)?.denied ?? 0;
    const denied = observations.filter(
      (o) =>
        (o.name === SOCKET || tightened?.names.has(o.name ?? '')) && tightened && o.denied > deniedBefore(o),
    );
    if (denied.length > 0) this.tightened = undefined;
    return denied;
  }

  private failure({ synthesis, profile, leftOut }: Built, failed: string | undefined): TryResult {
    return { steps: this.steps, synthesis, profile, leftOut, ...(failed !== undefined && { failed }) };
  }

  private tell(step: TryStep): void {
    this.steps.push(step);
    this.hooks.ended?.(step);
  }

  private run(kind: TryKind, seccomp: SeccompChoice): Promise<ObservedRun> {
    this.hooks.begins?.(kind);
    const { host, container, checks, looser, stop } = this.plan;
    return observeRun(host, { ...container, seccomp }, checks, { args: looser, stop });
  }

  private choice(kind: TryKind, profile: Profile): SeccompChoice {
    const shadow = this.plan.looser ? logsRest(profile) : shadowOf(profile, this.bound.profile);
    return { kind: 'profile', text: stringifyProfile(kind === 'shadow' ? shadow : profile) };
  }

  private build(recordings: readonly [Recording, ...Recording[]]): Built {
    const { floor, looser, target } = this.plan;
    const synthesis = synthesize(recordings, { floor, runtimeDefault: this.tightened?.bound ?? this.bound });
    const leftOut = looser ? [] : (synthesis.container?.looser ?? []);
    const whole = withoutNames(synthesis.profile, new Set(leftOut));
    const profile = this.tightened ? withOrdinarySockets(whole, recordings[0]) : whole;
    return { synthesis, profile, leftOut, policy: lowerProfile(profile, target).value! };
  }

  /** How a run differs from the first one, in words; undefined when it does not. */
  private unlike(first: ObservedRun, run: ObservedRun): string | undefined {
    if (run.refused !== undefined) return `it does not start: ${run.refused}`;
    if (run.failed !== undefined) return `the check fails: ${run.failed}`;
    if (run.endedByItself !== first.endedByItself)
      return run.endedByItself ? `it ended by itself, with ${run.status}` : 'it did not end by itself';
    return run.status === first.status ? undefined : `it ended with ${run.status} instead of ${first.status}`;
  }

  private comparison(built: Built, first: ObservedRun, enforced: ObservedRun): Comparison {
    const bound = this.meaning(this.bound.profile);
    const lifted = this.lifted(first.filter, enforced.filter);
    const [a, b] = lifted ?? [bound, built.policy];
    const looser = diffPolicies(a, b).listed.filter(({ change }) => change === 'loosened');
    return {
      calls: { bound: this.own(bound), own: this.own(built.policy) },
      instructions: lifted
        ? { bound: first.filter!.length, own: enforced.filter!.length }
        : { bound: filterLength(bound), own: filterLength(built.policy) },
      from: lifted ? 'read' : 'compiled',
      looser,
    };
  }

  /** What two filters mean that the kernel held; undefined where one could not be read. */
  private lifted(first?: Program, second?: Program): [Policy, Policy] | undefined {
    if (!first || !second || this.plan.looser) return undefined;
    const [a, b] = [first, second].map((program) => liftPolicy([program], this.plan.target.native).policy);
    return a && b ? [a, b] : undefined;
  }

  private own(policy: Policy): number {
    return allowedCalls(policy).filter(({ arch }) => arch === this.plan.target.native).length;
  }

  private meaning(profile: Profile): Policy {
    return lowerProfile(profile, this.plan.target).value!;
  }
}

interface Built {
  readonly synthesis: Synthesis;
  readonly profile: Profile;
  readonly policy: Policy;
  readonly leftOut: readonly string[];
}

/** A profile with LOG in the place of what it denies. */
function logsRest(profile: Profile): Profile {
  const { defaultErrnoRet: _, ...rest } = profile;
  return {
    ...rest,
    defaultAction: { ...profile.defaultAction, value: 'LOG' },
    rules: profile.rules
      .filter(({ action }) => action.value === 'ALLOW')
      .map((rule, index) => ({ ...rule, index })),
  };
}

/** Its families are tightened in any case. */
const SOCKET = 'socket';
const NOWHERE = { start: 0, end: 0 };
const ALLOWS_ALL: Profile = {
  form: 'oci',
  defaultAction: { value: 'ALLOW', span: NOWHERE },
  architectures: [],
  archMap: [],
  flags: [],
  hasFlags: false,
  rules: [],
};
