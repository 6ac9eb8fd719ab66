import { compilePolicy, FilterTooLarge } from '@callgate/engine/internal/compile/compile';
import { liftPolicy } from '@callgate/engine/internal/lift/lift-policy';
import { lowerProfile } from '@callgate/engine/internal/policy/lower';
import { arePoliciesEqual, withoutStub } from '@callgate/engine/internal/policy/policy';
import { parseProfile } from '@callgate/engine/internal/profile/parse';
import { libraryPlan } from '@callgate/engine/internal/runtime/library-plan';
import type { Target } from '@callgate/engine/internal/runtime/target';
import { runLibseccomp } from '@callgate/linux/internal/verify/libseccomp';
import {
  profileOfActions,
  profileOfShape,
  profileOfShapes,
  SHAPES,
  type Shape,
} from '@callgate/testing/condition-shapes';
import { describeWith } from '@callgate/testing/requirements';
import fc from 'fast-check';
import { expect, it } from 'vitest';

const SEED = Number(process.env.CALLGATE_SEED ?? 20261122);
const RUNS = Number(process.env.CALLGATE_FUZZ ?? 8);
const TARGET: Target = { native: 'x86_64', kernel: { major: 6, minor: 18 }, capabilities: [] };

/**
 * Instructions of both; undefined where there is nothing to compare: rules are refused, or no filter of libseccomp's
 * decides as the profile does.
 */
async function sizes(text: string): Promise<{ ours: number; theirs: number } | undefined> {
  const profile = parseProfile(text).value!;
  const lowered = lowerProfile(profile, TARGET).value;
  const plan = libraryPlan(profile, TARGET);
  if (!lowered || !plan) return undefined;
  const policy = withoutStub(lowered);
  const levels = [1, 2] as const;
  const results = await Promise.all(
    levels.map((optimize) => runLibseccomp({ ...plan, optimize }, { foreign: false, endian: 'little' })),
  );
  const lengths = results.flatMap((result) => {
    if (result.kind !== 'filter') return [];
    const lifted = liftPolicy([result.program], 'x86_64');
    const isRight = lifted.fault === undefined && arePoliciesEqual(lifted.policy, policy);
    return isRight ? [result.program.length] : [];
  });
  return lengths.length === 0 ? undefined : { ours: sizeOf(policy), theirs: Math.min(...lengths) };
}

function sizeOf(policy: ReturnType<typeof withoutStub>): number {
  try {
    return compilePolicy(policy).program.length;
  } catch (fault) {
    if (fault instanceof FilterTooLarge) return Infinity;
    throw fault;
  }
}

async function hold(profiles: fc.Arbitrary<string>, numRuns: number): Promise<void> {
  let compared = 0;
  await fc.assert(
    fc.asyncProperty(profiles, async (text) => {
      const both = await sizes(text);
      if (!both) return;
      compared++;
      expect(both.ours).toBeLessThanOrEqual(both.theirs);
    }),
    { numRuns, seed: SEED },
  );
  expect(compared).toBeGreaterThan(numRuns / 2);
}

const shapes = Object.keys(SHAPES) as Shape[];

describeWith(['libseccomp'], 'the smallest filter is never longer than either of libseccomp’s', () => {
  it.each(shapes)('for %s', { timeout: 120_000 }, (shape) => hold(profileOfShape(shape), RUNS));

  it('for rules with different actions', { timeout: 240_000 }, () => hold(profileOfActions, 2 * RUNS));

  it('for several calls of any shapes', { timeout: 240_000 }, () => hold(profileOfShapes, 2 * RUNS));
});
