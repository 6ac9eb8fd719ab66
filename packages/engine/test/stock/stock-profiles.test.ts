import { allowedCalls } from '@callgate/engine/internal/analysis/allowed-calls';
import { Diagram } from '@callgate/engine/internal/diagram/diagram';
import { lowerProfile } from '@callgate/engine/internal/policy/lower';
import { arePoliciesEqual } from '@callgate/engine/internal/policy/policy';
import { parseProfile } from '@callgate/engine/internal/profile/parse';
import { parseRelease } from '@callgate/engine/internal/runtime/target';
import { RELEASES } from '@callgate/engine/internal/stock/generated/releases';
import { firstRelease, type StockName, stockProfile } from '@callgate/engine/internal/stock/stock-profiles';
import { describe, expect, it } from 'vitest';

const target = { native: 'x86_64', kernel: { major: 6, minor: 18 }, capabilities: [] } as const;

async function policyOf(name: StockName, release: string, diagram = new Diagram()) {
  const text = await stockProfile(name, parseRelease(release))!.text();
  const { value, diagnostics } = parseProfile(text, { unknownNames: 'skip' });
  expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  return lowerProfile(value!, target, diagram).value!;
}

describe('default profiles by release', () => {
  it.each([
    ['docker', '20.10.25', '20.10.24'],
    ['docker', '23.0.6', '23.0.6'],
    ['docker', '26', '25.0.6'],
    ['docker', '28.0.4', '25.0.6'],
    ['docker', '28.5.2', '28.4.0'],
    ['docker', '29.4.1', '28.4.0'],
    ['docker', '31', '29.4.3'],
    ['podman', '4.9', '4.3.1'],
    ['containerd', '1.7.31', '1.7.30'],
    ['containerd', '1.7.36', '1.7.32'],
    ['containerd', '2.0.0', '1.7.32'],
    ['containerd', '2.2.7', '2.2.3'],
    ['containerd', '2.3.5', '2.2.8'],
    ['containerd', '2.3.8', '2.3.7'],
    ['containerd', '2.4.1', '2.4.0'],
    ['containerd', '2.5', '2.4.2'],
  ] as const)('%s %s has that of %s', (name, release, seen) => {
    expect(stockProfile(name, parseRelease(release))!.seen[0]).toBe(seen);
  });

  it('without a release it is the newest', () => {
    expect(stockProfile('docker')).toMatchObject({ name: 'docker', seen: ['29.4.3'] });
  });

  it('before the first nothing is claimed', () => {
    expect(firstRelease('docker')).toBe('20.10.24');
    expect(stockProfile('docker', [20, 10, 5])).toBeUndefined();
  });

  it.each(RELEASES.map(({ runtime, from }) => [runtime, from] as const))(
    '%s %s has a meaning',
    async (name, from) => {
      const policy = await policyOf(name, from);
      expect(policy.abis.map((abi) => abi.name)).toEqual(['x86_64', 'x86', 'x32']);
    },
  );

  it('containerd’s has the names of machines that Docker’s form has', async () => {
    const { value } = parseProfile(await stockProfile('containerd')!.text(), { unknownNames: 'skip' });
    const policy = lowerProfile(value!, { ...target, native: 'x86' }).value!;
    expect(allowedCalls(policy).map((call) => call.name)).toContain('modify_ldt');
  });

  it('each differs from the one before it', async () => {
    for (const [i, { runtime, from }] of RELEASES.entries()) {
      const before = RELEASES[i - 1];
      if (before?.runtime !== runtime) continue;
      const diagram = new Diagram();
      const [a, b] = [await policyOf(runtime, before.from, diagram), await policyOf(runtime, from, diagram)];
      expect([runtime, from, arePoliciesEqual(a, b)]).toEqual([runtime, from, false]);
    }
  });
});
