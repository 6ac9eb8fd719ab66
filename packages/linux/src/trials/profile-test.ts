import type { Policy } from '@callgate/engine/internal/policy/policy';
import type { TestSpec } from '@callgate/engine/internal/spec/spec';
import type { ContainerHost, ContainerPlan, SeccompChoice } from '../container/container-host.ts';

/** A profile to test: what runs under it, and what is looked at. */
export interface ProfileTest {
  readonly host: ContainerHost;
  /** What runs, with its options, but for the profile. */
  readonly plan: Omit<ContainerPlan, 'seccomp' | 'files'>;
  readonly seccomp: SeccompChoice;
  readonly spec: Pick<TestSpec, 'ready' | 'functions' | 'security'>;
  /** What runs is to end as it does without the profile. */
  readonly comparesEnding?: boolean;
  /** What the profile means in a container with these capabilities; undefined: those that containers have as a rule. */
  meaning(capabilities: readonly string[] | undefined): Policy;
  /** What the default of a runtime means there. */
  defaultOf(runtime: string, capabilities: readonly string[] | undefined): Policy;
  /** Why it will not start, as far as that can be foreseen. */
  readonly predicted?: string;
  /** Is told what is done now. */
  onStep?(step: string): void;
  /** When aborted, the test ends with its reason as soon as it has removed what it has made. */
  readonly stop?: AbortSignal;
}

/** A test says nothing, as what it tests does not even run without the profile; the message says why. */
export class TestImpossible extends Error {}
