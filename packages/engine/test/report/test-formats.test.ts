import { findTestFormat, TEST_FORMATS } from '@callgate/engine/internal/report/test-formats';
import type { CheckOutcome, TestReport } from '@callgate/engine/internal/report/test-report';
import { SaxesParser } from 'saxes';
import { describe, expect, it } from 'vitest';

const SPEC = { name: 'web.test.yaml', text: 'functions:\n  - {tcp: 80}\nsecurity:\n  - {attack: mount}\n' };
const at = (text: string) => ({ start: SPEC.text.indexOf(text), end: SPEC.text.indexOf(text) + text.length });
const check = (more: Partial<CheckOutcome>): CheckOutcome => ({
  name: 'it starts',
  kind: 'function',
  state: 'passed',
  confined: 'runs',
  credit: 'none',
  why: 'runs',
  ...more,
});
const REPORT: TestReport = {
  engine: 'docker',
  profile: 'web.json',
  checks: [
    check({}),
    check({
      name: 'port # 80\u001b[31m',
      state: 'failed',
      confined: 'ECONNREFUSED',
      why: 'ECONNREFUSED <&',
      place: at('{tcp: 80}'),
    }),
    check({
      name: 'mount',
      kind: 'security',
      state: 'failed',
      confined: 'EPERM, EFAULT',
      control: 'EFAULT',
      why: 'open: mount passes',
      details: ['mount: EFAULT, as without the profile', 'umount2: EPERM, without the profile EFAULT'],
      place: at('{attack: mount}'),
    }),
    check({ name: 'bpf', kind: 'security', state: 'not run', confined: 'not run', why: 'nothing | started' }),
  ],
};
const written = (id: string, report = REPORT, all = false) =>
  findTestFormat(id)!.write(report, { tool: { name: 'callgate', version: '1.0.0' }, spec: SPEC, all });

describe('a test is written', () => {
  it.each(TEST_FORMATS.map(({ id }) => id))('as %s without anything that a terminal would act on', (id) => {
    expect(written(id)).toMatch(/\n$/);
    expect(written(id)).not.toContain('\u001b');
  });

  it('as text, with the calls of an attack that is stopped in part', () => {
    expect(written('text')).toBe(`web.json on docker

  ✓ it starts          runs
  ✗ port # 80\\x1b[31m  ECONNREFUSED <&

  ✗ mount              open: mount passes
      mount: EFAULT, as without the profile
      umount2: EPERM, without the profile EFAULT
  – bpf                nothing | started

1 of 4 passed, 2 failed, 1 not run
`);
  });

  it('as text that says what was foreseen', () => {
    const startFailure = { predicted: 'runc itself calls write', said: 'no' };
    const checks = [check({ state: 'failed', why: 'no' })];
    expect(written('text', { ...REPORT, checks, startFailure })).toContain(
      '      foreseen: runc itself calls write\n',
    );
  });

  it('as JSON with the keys of the contract', () => {
    const { checks } = JSON.parse(written('json'));
    expect(checks[2]).toMatchObject({
      name: 'mount',
      kind: 'security',
      ok: false,
      confined: 'EPERM, EFAULT',
      control: 'EFAULT',
      credit: 'none',
    });
    expect(checks[0]).toMatchObject({ ok: true, control: null });
  });

  it('as TAP, a line a check', () => {
    const lines = written('tap').split('\n');
    expect(lines.slice(0, 3)).toEqual(['TAP version 14', '1..4', 'ok 1 - function: it starts']);
    expect(lines.filter((line) => /^(not )?ok /.test(line))).toHaveLength(4);
    expect(lines).toContain('not ok 3 - security: mount');
    expect(written('tap')).toContain('port \\# 80');
  });

  it('as XML of JUnit, with every check', () => {
    const found: string[] = [];
    const parser = new SaxesParser();
    parser.on('opentag', ({ name }) => found.push(name));
    parser.on('error', (fault) => expect.fail(fault.message));
    parser.write(written('junit')).close();
    expect(found.filter((name) => name === 'testcase')).toHaveLength(4);
    expect(found.filter((name) => name === 'failure')).toHaveLength(2);
    expect(found.filter((name) => name === 'skipped')).toHaveLength(1);
  });

  it('as SARIF, at the place in the spec', () => {
    const { results } = JSON.parse(written('sarif')).runs[0];
    expect(results).toHaveLength(3);
    expect(results[1].ruleId).toBe('not-denied');
    expect(results[1].locations[0].physicalLocation).toMatchObject({
      artifactLocation: { uri: 'web.test.yaml' },
      region: { startLine: 4, startColumn: 5 },
    });
  });
});
