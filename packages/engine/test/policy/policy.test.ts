import { describe, expect, it } from 'vitest';
import { diffPolicies } from '../../src/analysis/diff.ts';
import { lowerProfile } from '../../src/policy/lower.ts';
import { arePoliciesEqual, type Policy } from '../../src/policy/policy.ts';
import { parseProfile } from '../../src/profile/parse.ts';
import { DOCKER_PROFILE } from '../../src/stock.ts';

/** Each call makes a diagram of its own, in which equal ids mean nothing to another one. */
function policyOf(text: string): Policy {
  const target = {
    native: 'x86_64',
    kernel: { major: 6, minor: 18 },
    capabilities: [],
  } as const;
  return lowerProfile(parseProfile(text).value!, target).value!;
}

const everything = (action: string) => JSON.stringify({ defaultAction: action });

describe('policies that were lowered apart', () => {
  it('are never equal because their nodes have the same number', () => {
    const [allow, kill] = [
      policyOf(everything('SCMP_ACT_ALLOW')),
      policyOf(everything('SCMP_ACT_KILL_PROCESS')),
    ];
    expect(arePoliciesEqual(allow, kill)).toBe(false);
    const { listed } = diffPolicies(allow, kill);
    expect(listed.length).toBeGreaterThan(300);
    expect(listed.every((d) => d.before.kind === 'ALLOW' && d.after.kind === 'KILL_PROCESS')).toBe(true);
  });

  it('are equal when they mean the same, though their nodes have other numbers', () => {
    const first = policyOf(DOCKER_PROFILE);
    const rules = JSON.parse(DOCKER_PROFILE);
    rules.syscalls.reverse();
    const second = policyOf(JSON.stringify(rules));
    expect(arePoliciesEqual(first, second)).toBe(true);
    expect(diffPolicies(first, second)).toEqual({ listed: [], isComplete: true });
  });

  it('differ in the calls that one rule names', () => {
    const without = JSON.parse(DOCKER_PROFILE);
    for (const rule of without.syscalls) rule.names = rule.names.filter((name: string) => name !== 'mkdir');
    const { listed } = diffPolicies(policyOf(DOCKER_PROFILE), policyOf(JSON.stringify(without)));
    expect(listed.map((d) => `${d.arch} ${d.name} ${d.change}`)).toEqual([
      'x86_64 mkdir tightened',
      'x32 mkdir tightened',
      'x86 mkdir tightened',
    ]);
  });
});
