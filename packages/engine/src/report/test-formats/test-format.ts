import type { Tool } from '../finding-formats/finding-format.ts';
import type { Style } from '../style.ts';
import type { TestReport } from '../test-report.ts';

/** What a report of a test is written with. */
export interface TestWriting {
  readonly tool: Tool;
  /** For text. */
  readonly style?: Style;
  /** Every call of every attack, and not only of those that are not as they should be. */
  readonly all?: boolean;
  /** The spec, where there is one: its name and its text. */
  readonly spec?: { readonly name: string; readonly text: string };
}

/** One way to write down what a test came to; each has a file of its own. */
export interface TestFormat {
  readonly id: string;
  /** Who reads it, in a word or two. */
  readonly about: string;
  /** The whole text, with a line end at its end. */
  write(report: TestReport, writing: TestWriting): string;
}

/** So many passed, failed and not run, in a sentence. */
export function testSummary({ checks }: TestReport): string {
  const count = (state: string) => checks.filter((check) => check.state === state).length;
  const rest = (['failed', 'not run'] as const).flatMap((state) =>
    count(state) > 0 ? [`${count(state)} ${state}`] : [],
  );
  return [`${count('passed')} of ${checks.length} passed`, ...rest].join(', ');
}
