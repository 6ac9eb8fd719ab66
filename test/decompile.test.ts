import { compilePolicy } from '@callgate/engine/internal/compile/compile';
import { Diagram } from '@callgate/engine/internal/diagram/diagram';
import { decompilePolicy } from '@callgate/engine/internal/lift/decompile';
import { liftPolicy } from '@callgate/engine/internal/lift/lift-policy';
import { lowerProfile } from '@callgate/engine/internal/policy/lower';
import { parseProfile } from '@callgate/engine/internal/profile/parse';
import { stringifyProfile } from '@callgate/engine/internal/profile/stringify';
import { CONTAINERD_PROFILE, DOCKER_PROFILE, PODMAN_PROFILE } from '@callgate/engine/stock';
import { type Fixture, fixtureNames, loadFixture, lowerText } from '@callgate/testing/behaviour';
import { describe, expect, it } from 'vitest';

const STOCK = { DOCKER_PROFILE, PODMAN_PROFILE, CONTAINERD_PROFILE };

const SUBJECTS: readonly Pick<Fixture, 'name' | 'policy' | 'program'>[] = [
  ...fixtureNames().flatMap((name) => loadFixture(name).fixtures),
  ...Object.entries(STOCK).flatMap(([name, text]) =>
    (['x86_64', 'aarch64', 's390x', 'riscv64'] as const).map((native) => {
      const policy = lowerText(text, { native });
      const program = compilePolicy(policy).program;
      return { name: `${name} on ${native}`, policy, program };
    }),
  ),
];

describe('a profile made from a program means what the program decides', () => {
  it.each(SUBJECTS)('$name', ({ policy, program }) => {
    const d = new Diagram();
    const lifted = liftPolicy([program], policy.abis[0].name, d).policy!;
    const made = decompilePolicy(lifted)!;
    expect(made.exact).toBe(true);
    // The text that a user gets, read again by the runtime that was named.
    const read = parseProfile(stringifyProfile(made.profile)).value!;
    const again = lowerProfile(
      read,
      {
        native: policy.abis[0].name,
        kernel: { major: 6, minor: 18 },
        capabilities: [],
        runtime: { name: made.runtime },
      },
      d,
    ).value!;
    expect(again.root).toBe(lifted.root);
  });
});
