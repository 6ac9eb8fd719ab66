import { applyConfig } from '@callgate/engine/internal/config/apply-config';
import { parseConfig } from '@callgate/engine/internal/config/read-config';
import type { Finding } from '@callgate/engine/internal/lint/finding';
import { findingCodes } from '@callgate/engine/internal/report/finding-codes';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const read = (text: string, name = 'callgate.config.yaml') => parseConfig(name, text, findingCodes());

/** What is said of a text, and the text at that place. */
function faultOf(text: string): [message: string, at: string] {
  const { diagnostics } = read(text);
  const [{ message, place, code }] = diagnostics;
  expect(code).toBe('bad-config');
  return [message, text.slice(place.start, place.end)];
}

describe('a configuration', () => {
  it('is read from YAML and JSON alike', () => {
    const config = {
      targets: [{ runtime: 'docker', kernel: '6.1' }],
      severities: { 'default-allow': 'low', 'kills-thread': 'off' },
      failOn: 'high',
      suppressions: [
        { code: 'sibling-passes', files: ['a/**'], call: 'mkdir', reason: 'r', until: '2027-01-31' },
      ],
      budgets: [
        { never: ['bpf', 'socket=family==AF_ALG'] },
        { neverLooserThan: 'stock:docker', reason: 'r' },
      ],
    };
    const yaml = `targets: [{runtime: docker, kernel: "6.1"}]
severities: {default-allow: low, kills-thread: off}
failOn: high
suppressions:
  - {code: sibling-passes, files: [a/**], call: mkdir, reason: r, until: 2027-01-31}
budgets:
  - never: [bpf, "socket=family==AF_ALG"]
  - {neverLooserThan: "stock:docker", reason: r}
`;
    expect(read(yaml)).toEqual({ value: config, diagnostics: [] });
    expect(read(JSON.stringify(config), 'c.json')).toEqual({ value: config, diagnostics: [] });
  });

  it.each([
    ['budget: []', 'a configuration has no budget', 'budget'],
    ['targets: [{kernel: 6.1}]', 'targets[0].kernel is the number 6.1, not a string', 'kernel'],
    ['targets: []', 'targets is empty', 'targets'],
    ['failOn: worst', 'failOn is the string "worst", not critical, high, medium, low, info', 'failOn'],
    ['severities: {defalt-allow: low}', 'severities.defalt-allow: no finding has this code', 'defalt-allow'],
    [
      'suppressions: [{code: default-allow, reason: r}]',
      'suppressions[0].until is missing',
      '{code: default-allow, reason: r}',
    ],
    [
      'suppressions: [{code: default-allow, reason: r, until: soon}]',
      'suppressions[0].until is no date such as 2027-03-31',
      'until',
    ],
    [
      'suppressions: [{code: default-allow, reason: " ", until: 2027-01-01}]',
      'suppressions[0].reason is empty',
      'reason',
    ],
    [
      'budgets: [{never: [bfp]}]',
      'budgets[0].never[0]: there is no system call "bfp"; did you mean bpf?',
      'bfp',
    ],
    ['budgets: [{reason: r}]', 'budgets[0] has neither never nor neverLooserThan', '{reason: r}'],
    [
      'budgets: [{never: ["socket=famly==1"]}]',
      'budgets[0].never[0]: "famly==1" is no condition on socket; write it as family==AF_UNIX, or flags&0xff==1 (see: callgate syscall socket)',
      '"socket=famly==1"',
    ],
    ['[]', 'the configuration is an array, not an object', '[]'],
  ])('%s is refused where it is wrong', (text, message, at) => {
    expect(faultOf(text)).toEqual([message, at]);
  });

  it('is refused or read, whatever it holds', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const { value: config, diagnostics } = read(JSON.stringify(value), 'c.json');
        expect(config !== undefined || diagnostics.length > 0).toBe(true);
      }),
    );
  });
});

describe('what a house makes of findings', () => {
  const finding = (code: string, message = 'mkdir is denied, but mkdirat passes'): Finding => ({
    code,
    severity: 'high',
    message,
    place: { start: 0, end: 1 },
  });
  const suppression = { code: 'sibling-passes', reason: 'known', until: '2026-12-31' };
  const consider = (all: Finding[], config: object, today = '2026-11-29', isFor = true) =>
    applyConfig(all, config, () => isFor, today);

  it('weighs each code as it says, and leaves out what is off', () => {
    const severities = { 'default-allow': 'info', 'kills-thread': 'off' };
    const all = [finding('default-allow'), finding('kills-thread'), finding('sibling-passes')];
    expect(consider(all, { severities }).findings.map(({ code, severity }) => [code, severity])).toEqual([
      ['sibling-passes', 'high'],
      ['default-allow', 'info'],
    ]);
  });

  it('holds a suppression to its last day, and brings the finding back on the next', () => {
    const config = { suppressions: [suppression] };
    const all = [finding('sibling-passes')];
    expect(consider(all, config, '2026-12-31')).toEqual({
      findings: [],
      suppressed: [{ finding: all[0], reason: 'known', until: '2026-12-31' }],
    });
    const [back] = consider(all, config, '2027-01-01').findings;
    expect(back.message).toBe(`${all[0].message} (its suppression ended on 2026-12-31: known)`);
    expect(back.identity).toBe(all[0].message);
  });

  it('suppresses only that code, that call and those files', () => {
    const suppressedBy = (more: object, all: Finding[], isFor = true) =>
      consider(all, { suppressions: [{ ...suppression, ...more }] }, '2026-11-29', isFor).suppressed.length;
    expect(suppressedBy({}, [finding('default-allow')])).toBe(0);
    expect(suppressedBy({ call: 'mkdir' }, [finding('sibling-passes')])).toBe(1);
    expect(suppressedBy({ call: 'mkdi' }, [finding('sibling-passes')])).toBe(0);
    expect(suppressedBy({ files: ['x'] }, [finding('sibling-passes')], false)).toBe(0);
  });
});
