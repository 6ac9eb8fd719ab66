import { PLAIN, type Style } from '../style.ts';
import type { CheckOutcome, TestReport } from '../test-report.ts';
import { printable } from '../words.ts';
import { type TestFormat, testSummary } from './test-format.ts';

const WIDEST_NAME = 44;
const MOST_DETAILS = 12;

/** A line for each check, and below it the calls of an attack that is not stopped. */
export const text: TestFormat = {
  id: 'text',
  about: 'for people',
  write(report, { style = PLAIN, all = false }) {
    const { checks, startFailure, standIn } = report;
    const names = checks.map(({ name }) => printable(name));
    const width = Math.min(WIDEST_NAME, Math.max(...names.map((name) => name.length)));
    const foreseen = startFailure?.predicted;
    const lines = checks.flatMap((check, i) => {
      const name = names[i].padEnd(width);
      const before = i === 0 || checks[i - 1].kind === check.kind ? [] : [''];
      const below =
        all || isHalfOpen(check)
          ? detailsOf(check, style, all ? Number.POSITIVE_INFINITY : MOST_DETAILS)
          : [];
      const why = i === 0 && foreseen !== undefined ? [`      foreseen: ${printable(foreseen)}`] : [];
      return [...before, `  ${MARK[check.state](style)} ${name}  ${saying(check, style)}`, ...why, ...below];
    });
    return `${[head(report, style), ...standInLine(standIn, style), '', ...lines, '', sum(report, style)].join('\n')}\n`;
  },
};

const MARK: Readonly<Record<CheckOutcome['state'], (style: Style) => string>> = {
  passed: (style) => style.green('✓'),
  failed: (style) => style.red('✗'),
  'not run': (style) => style.yellow('–'),
};

function head({ profile, engine }: TestReport, style: Style): string {
  return `${style.bold(printable(profile))} on ${style.bold(printable(engine))}`;
}

function standInLine(standIn: string | undefined, style: Style): string[] {
  return standIn === undefined ? [] : [style.dim(printable(standIn))];
}

function saying({ state, why }: CheckOutcome, style: Style): string {
  return state === 'failed' ? printable(why) : style.dim(printable(why));
}

/** Some calls of the attack are stopped and others are not, so that it matters which. */
function isHalfOpen({ state, credit, details = [] }: CheckOutcome): boolean {
  return state === 'failed' && credit === 'none' && details.some((line) => !line.endsWith(AS_WITHOUT));
}

const AS_WITHOUT = 'as without the profile';

function detailsOf({ details = [] }: CheckOutcome, style: Style, most: number): string[] {
  const more = details.length - most;
  return [
    ...details.slice(0, most).map((line) => style.dim(`      ${printable(line)}`)),
    ...(more > 0 ? [style.dim(`      … and ${more} more`)] : []),
  ];
}

function sum(report: TestReport, style: Style): string {
  const words = testSummary(report);
  return report.checks.every(({ state }) => state === 'passed') ? style.green(words) : style.red(words);
}
