import { visible } from '../finding-formats/issue.ts';
import { escaped } from '../html/document.ts';
import type { CheckOutcome, TestReport } from '../test-report.ts';
import type { TestFormat } from './test-format.ts';

/** XML as JUnit writes it: a test for each check. */
export const junit: TestFormat = {
  id: 'junit',
  about: 'XML that Jenkins and others read',
  write(report) {
    const suite = xml(`${report.profile} on ${report.engine}`);
    return `${[
      '<?xml version="1.0" encoding="UTF-8"?>',
      `<testsuites name="callgate test"${counts(report)}>`,
      `  <testsuite name="${suite}"${counts(report)}>`,
      ...report.checks.map((check) => `    ${testCase(check)}`),
      '  </testsuite>',
      '</testsuites>',
    ].join('\n')}\n`;
  },
};

function counts({ checks }: TestReport): string {
  const count = (state: CheckOutcome['state']) => checks.filter((check) => check.state === state).length;
  return ` tests="${checks.length}" failures="${count('failed')}" errors="0" skipped="${count('not run')}"`;
}

function testCase({ name, kind, state, why, details = [] }: CheckOutcome): string {
  const said = xml([why, ...details].join('\n'));
  const inside: Readonly<Record<CheckOutcome['state'], string>> = {
    passed: '',
    failed: `<failure message="${xml(why)}">${said}</failure>`,
    'not run': `<skipped message="${xml(why)}"/>`,
  };
  return `<testcase classname="${kind}" name="${xml(name)}">${inside[state]}</testcase>`;
}

/** Text in elements and attributes of XML. */
function xml(text: string): string {
  return text
    .split('\n')
    .map((line) => escaped(visible(line)))
    .join('\n');
}
