import { visible } from '../finding-formats/issue.ts';
import type { CheckOutcome } from '../test-report.ts';
import type { TestFormat } from './test-format.ts';

/** TAP 14 (testanything.org), a line for each check and a block of YAML for those that have not passed. */
export const tap: TestFormat = {
  id: 'tap',
  about: 'lines that prove and others read',
  write({ checks }) {
    return `${['TAP version 14', `1..${checks.length}`, ...checks.flatMap(lines)].join('\n')}\n`;
  },
};

function lines(check: CheckOutcome, i: number): string[] {
  const { name, state, kind, confined, control, credit, why, details = [] } = check;
  const head = `${state === 'passed' ? 'ok' : 'not ok'} ${i + 1} - ${escaped(`${kind}: ${name}`)}`;
  if (state === 'passed') return [head];
  const fields = { state, why, confined, control, credit };
  return [
    head,
    '  ---',
    ...Object.entries(fields).flatMap(([key, value]) =>
      value === undefined ? [] : [`  ${key}: ${JSON.stringify(visible(value))}`],
    ),
    ...(details.length > 0 ? ['  details:'] : []),
    ...details.map((line) => `    - ${JSON.stringify(visible(line))}`),
    '  ...',
  ];
}

/** A description may hold no directive: "#" begins one. */
function escaped(text: string): string {
  return visible(text).replaceAll('\\', '\\\\').replaceAll('#', '\\#');
}
