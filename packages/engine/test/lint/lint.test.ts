import { describe, expect, it } from 'vitest';
import { lintFacts } from '../../src/lint/lint.ts';
import { lowerProfile } from '../../src/policy/lower.ts';
import { parseProfile } from '../../src/profile/parse.ts';
import type { Target } from '../../src/runtime/target.ts';
import { lineMap } from '../../src/source/line-map.ts';
import { DOCKER_PROFILE } from '../../src/stock.ts';

const TARGET: Target = { native: 'x86_64', kernel: { major: 6, minor: 18 }, capabilities: [] };

/** What lint says of rules, a line of JSON each: `LINE CODE: MESSAGE (line N)`. */
function said(
  rules: readonly object[],
  architectures = ['X86_64', 'X86', 'X32'],
  more: Partial<Target> = {},
) {
  const text = `{"defaultAction":"SCMP_ACT_ERRNO","architectures":${JSON.stringify(architectures.map((a) => `SCMP_ARCH_${a}`))},"syscalls":[\n${rules.map((rule) => JSON.stringify(rule)).join(',\n')}]}`;
  const lowered = lowerProfile(parseProfile(text).value!, { ...TARGET, ...more });
  const line = lineMap(text);
  const abis = lowered.value?.abis.map((abi) => abi.name) ?? [];
  return {
    findings: lintFacts(lowered.facts, abis).map(
      ({ code, message, place, related }) =>
        `${line(place.start).line - 1} ${code}: ${message}${related ? ` (line ${line(related.start).line - 1})` : ''}`,
    ),
    refusals: lowered.diagnostics.map((d) => `${line(d.place.start).line - 1} ${d.code}`),
    isRead: lowered.value !== undefined,
  };
}

const allow = (...names: string[]) => ({ names, action: 'SCMP_ACT_ALLOW' });
const log = (...names: string[]) => ({ names, action: 'SCMP_ACT_LOG' });
const when = (rule: object, ...args: object[]) => ({ ...rule, args });
const eq = (index: number, value: number | bigint) => ({ index, value, op: 'SCMP_CMP_EQ' });

describe('lint says of rules', () => {
  it('nothing where each has an effect of its own', () => {
    expect(said([allow('read'), when(allow('clone'), eq(0, 17)), log('mkdir')]).findings).toEqual([]);
  });

  it('which one leaves nothing to it, when that is so on every ABI that has the call', () => {
    expect(said([log('read'), allow('read')]).findings).toEqual([
      '2 rule-dropped: an earlier rule for read leaves nothing to this one (line 1)',
    ]);
    expect(said([when(allow('read'), eq(0, 1)), log('read')]).findings).toEqual([
      '1 rule-overridden: a later rule for read replaces this one (line 2)',
    ]);
  });

  it('on which ABI they differ, and that a multiplexer decides there', () => {
    // On x86 connect has a number of its own, and socketcall leads there, too.
    expect(said([log('socketcall'), allow('connect')]).findings).toEqual([
      '2 rule-dropped: on x86, where connect goes through socketcall too, another rule decides it (line 1)',
    ]);
    expect(said([allow('connect'), log('socketcall')]).findings).toEqual([
      '1 rule-overridden: on x86, where connect goes through socketcall too, another rule decides it (line 2)',
    ]);
    // Whoever allows both means both.
    expect(said([allow('connect'), allow('socketcall')]).findings).toEqual([]);
    expect(said([allow('connect'), log('socketcall')], ['X86_64']).findings).toEqual([
      '2 absent-everywhere: socketcall does not exist on x86_64',
    ]);
  });

  it('what a 32-bit ABI compares', () => {
    expect(said([when(allow('read'), eq(1, 4294967297))]).findings).toEqual([
      '1 value-cut: on x32 and x86 only the low 32 bits of argument 1 are compared',
    ]);
    expect(said([when(allow('read'), eq(1, 4294967297))], ['X86_64']).findings).toEqual([]);
  });

  it('of a rule with two conditions on one argument that any is enough, and not that its parts shadow each other', () => {
    const args = [
      { index: 0, value: 3, op: 'SCMP_CMP_NE' },
      { index: 0, value: 5, op: 'SCMP_CMP_GE' },
    ];
    expect(said([when(allow('personality'), ...args)], ['X86_64']).findings).toEqual([
      "1 conditions-split: two conditions on argument 0: any one of the rule's conditions is enough (line 1)",
    ]);
  });

  it('that a condition does not hold behind a multiplexer', () => {
    expect(said([when(allow('socket'), eq(0, 2))], ['X86_64', 'X32']).findings).toEqual([]);
    expect(said([when(allow('socket'), eq(0, 2))]).findings).toEqual([
      '1 condition-overwritten: where socket goes through a multiplexer, this condition on argument 0 does not hold',
    ]);
  });
});

describe('what a runtime refuses', () => {
  it('are contrary rules, whoever reads them', () => {
    const contrary = [when(allow('read'), eq(0, 1)), when(log('read'), eq(0, 1))];
    expect(said(contrary)).toMatchObject({ isRead: false, refusals: ['2 rule-conflict'] });
  });

  it('is with strict whatever does not mean what it says', () => {
    const strict = { runtime: { name: 'strict' } } as const;
    expect(said([log('read'), allow('read')], undefined, strict)).toMatchObject({
      isRead: false,
      refusals: ['2 rule-dropped'],
    });
    expect(said([log('read'), allow('mkdir')], undefined, strict)).toMatchObject({
      isRead: true,
      refusals: [],
    });
  });
});

it('warns of nothing in a stock profile, whose multiplexers have rules of their own', () => {
  const { facts, value } = lowerProfile(parseProfile(DOCKER_PROFILE).value!, TARGET);
  const abis = value!.abis.map((abi) => abi.name);
  expect(facts).not.toEqual([]);
  expect(lintFacts(facts, abis).filter(({ severity }) => severity !== 'note')).toEqual([]);
});
