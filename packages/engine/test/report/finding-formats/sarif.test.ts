import { sarif } from '@callgate/engine/internal/report/finding-formats/sarif';
import { describe, expect, it } from 'vitest';
import { ioctl, sample, tool } from './sample-report.ts';
import { expectSarif } from './sarif-schema.ts';

const runOf = (report = sample) => expectSarif(sarif.write(report, { tool })).runs[0]!;

describe('sarif', () => {
  it('names the program, the rules, and what they found', () => {
    const { tool: said, results } = runOf();
    const { rules, ...driver } = said.driver;
    expect(driver).toEqual(tool);
    expect(rules.map(({ id, properties }) => [id, properties])).toEqual([
      ['absent-everywhere', { tags: ['security'], 'security-severity': '1.0' }],
      ['rule-dropped', { tags: ['security'], 'security-severity': '5.0' }],
      ['compares-unused-bits', { tags: ['security'], 'security-severity': '9.5' }],
    ]);
    expect(results.map(({ level }) => level)).toEqual(['note', 'warning', 'error']);
    expect(results[2]!.message.text).toBe(
      'ioctl, 100% of it, passes\ncall: ioctl(cmd=TIOCSTI) on x86_64\nfix: compare 32 bits',
    );
  });

  it('names places as URIs with the first place after the end', () => {
    const places = runOf().results.map(({ locations }) => locations[0]!.physicalLocation);
    expect(places.map(({ artifactLocation }) => artifactLocation.uri)).toEqual([
      'stock:docker@26',
      'map.yaml',
      'a%20b/web.json',
    ]);
    expect(places[1]!.region).toEqual({ startLine: 7, startColumn: 1, endLine: 9, endColumn: 2 });
    const uriOf = (file: string) =>
      runOf({ ...sample, findings: [{ ...ioctl, file }] }).results[0]!.locations[0]!.physicalLocation
        .artifactLocation.uri;
    expect(['-', '/etc/a#b.json', 'x:y.json', 'git:main:p/q.json', '../é|\\'].map(uriOf)).toEqual([
      ...['stdin:-', 'file:///etc/a%23b.json', 'x%3Ay.json', 'git:main:p/q.json', '../%C3%A9%7C%5C'],
    ]);
  });

  it('says why a profile could not be judged', () => {
    expect(runOf().invocations).toEqual([
      {
        executionSuccessful: false,
        toolExecutionNotifications: [
          expect.objectContaining({
            descriptor: { id: 'json-syntax' },
            level: 'error',
            message: { text: 'no JSON' },
          }),
        ],
      },
    ]);
    expect(runOf({ ...sample, diagnostics: [] }).invocations[0]).toMatchObject({ executionSuccessful: true });
  });

  it('knows a finding again after lines have moved, and two alike apart', () => {
    const printsOf = (line: number) => {
      const moved = sample.findings.map((finding) => ({
        ...finding,
        ...{ line, endLine: line, message: finding.message.replace(/line \d+/, `line ${line}`) },
      }));
      return runOf({ ...sample, findings: [...moved, ...moved] }).results.map((r) => r.partialFingerprints);
    };
    const prints = printsOf(1);
    expect(printsOf(40)).toEqual(prints);
    expect(new Set(prints.map((print) => JSON.stringify(print))).size).toBe(6);
  });
});
