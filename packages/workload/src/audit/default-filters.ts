import type { Target } from '@callgate/engine';
import type { RuntimeDefault } from '@callgate/engine/internal/build/runtime-default';
import { Judged, type Usual } from '@callgate/engine/internal/lint/judged';
import { usualOn } from '@callgate/engine/internal/lint/lint-text';
import type { NodeRuntime } from '../kubernetes/cluster-node.ts';

/** The default profiles of runtimes. */
export type RuntimeDefaults = Readonly<Partial<Record<NodeRuntime, RuntimeDefault>>>;

/** What the defaults of runtimes mean on a machine, for containers with these or those capabilities; each is lowered once. */
export class DefaultFilters {
  private readonly machine: Target;
  private readonly defaults: RuntimeDefaults;
  private readonly known = new Map<string, Judged | undefined>();

  constructor(machine: Target, defaults: RuntimeDefaults) {
    this.machine = machine;
    this.defaults = defaults;
  }

  /** As something that other profiles are compared with. */
  usual(runtime: NodeRuntime, capabilities: readonly string[]): Usual | undefined {
    const judged = this.judged(runtime, capabilities);
    return judged && { name: runtime, policy: judged.policy };
  }

  /** As a profile that can be asked about calls; undefined where it is not known. */
  judged(runtime: NodeRuntime, capabilities: readonly string[]): Judged | undefined {
    const key = `${runtime} ${capabilities.join()}`;
    if (!this.known.has(key)) this.known.set(key, this.lowered(runtime, capabilities));
    return this.known.get(key);
  }

  private lowered(runtime: NodeRuntime, capabilities: readonly string[]): Judged | undefined {
    const byDefault = this.defaults[runtime];
    const target = { ...this.machine, capabilities };
    const usual = byDefault && usualOn(target, byDefault);
    return usual && new Judged(byDefault.profile, target, usual.policy, []);
  }
}
